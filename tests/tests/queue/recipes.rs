//! Every command of docs/redis-cli.md, run against a live queue; its answer must be the one that stands there.

use std::time::Duration;

use redis::{Cmd, Value};
use shared::job::{JobId, Progress, Stage};
use shared::queue::{NewJob, Outcome};

use crate::bench::{Bench, args, job, key, outage, priority, worker, worker_info};

const DOCUMENT: &str = include_str!("../../../docs/redis-cli.md");

struct Recipe {
    command: String,
    answer: String,
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn every_recipe_answers_as_the_document_says() {
    let bench = live_queue().await;
    let recipes = recipes();
    assert!(recipes.len() > 15);
    for recipe in recipes {
        let words = words(&recipe.command);
        assert_eq!(words[0], "redis-cli");
        let mut command = Cmd::new();
        for word in &words[1..] {
            command.arg(word);
        }
        let mut found = String::new();
        show(&bench.raw(&command).await, 0, &mut found);
        assert!(
            matches(&recipe.answer, &found),
            "{}\n{found}\nis not\n{}",
            recipe.command,
            recipe.answer
        );
    }
}

#[test]
fn a_wildcard_stands_for_any_text_of_one_line_and_nothing_else_does() {
    assert!(matches("1) \"…\"\n2) \"b\"\n", "1) \"aaa\"\n2) \"b\"\n"));
    assert!(!matches("1) \"…\"\n2) \"b\"\n", "1) \"aaa\"\n2) \"c\"\n"));
    assert!(!matches("1) \"…\"\n", "1) \"a\"\n2) \"b\"\n"));
    assert!(!matches("(nil)\n", "(integer) 1\n"));
}

fn id(number: u8) -> JobId {
    format!("01980000-0000-7000-8000-{number:012}")
        .parse()
        .unwrap()
}

/// The queue that the document shows.
async fn live_queue() -> Bench {
    let bench = Bench::with(args()).await;
    let new = |number: u8| NewJob {
        id: id(number),
        ..job()
    };
    let hour = Duration::from_secs(3600);
    let worker = worker("worker-a");
    let claim = || async {
        bench
            .queue
            .claim(&worker, uuid::Uuid::now_v7())
            .await
            .unwrap()
            .unwrap()
            .lease()
    };

    bench.submit(&new(6)).await;
    for _ in 0..2 {
        claim().await;
        bench.expire_lease(id(6)).await;
    }
    bench.queue.sweep().await.unwrap();

    bench.submit(&new(4)).await;
    bench
        .queue
        .finish(claim().await, &Outcome::Retry { error: outage() })
        .await
        .unwrap();
    bench
        .submit(&NewJob {
            delay: hour,
            ..new(5)
        })
        .await;
    // The retry's wait is random, up to 36,000,000 s: bring it behind the other one.
    let mut later = redis::cmd("ZADD");
    let _: u32 = bench
        .raw(later.arg(key("delayed")).arg(1e14).arg(id(4).to_string()))
        .await;

    bench.submit(&new(1)).await;
    let lease = claim().await;
    let progress = Progress {
        stage: Some(Stage::Extract),
        pages_done: 3,
        pages_total: Some(10),
        images: 2,
    };
    bench.queue.progress(lease, &progress).await.unwrap();
    bench
        .queue
        .renew(&worker, &worker_info("worker-a"), &[lease])
        .await
        .unwrap();

    bench.submit(&new(2)).await;
    let idempotency = Some("order-17".parse().unwrap());
    bench
        .submit(&NewJob {
            priority: priority(0),
            idempotency,
            ..new(3)
        })
        .await;
    bench.submit(&new(7)).await;
    bench.queue.cancel(id(7)).await.unwrap();
    bench.queue.delete(id(7)).await.unwrap();
    bench
}

/// The commands in the document's `console` blocks, each with the lines that follow it.
fn recipes() -> Vec<Recipe> {
    let mut recipes: Vec<Recipe> = Vec::new();
    let mut inside = false;
    for line in DOCUMENT.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => match line.strip_prefix("$ ") {
                Some(command) => recipes.push(Recipe {
                    command: command.to_owned(),
                    answer: String::new(),
                }),
                None => {
                    let recipe = recipes.last_mut().expect("a block begins with a command");
                    recipe.answer += line;
                    recipe.answer.push('\n');
                }
            },
        }
    }
    recipes
}

/// Splits as a shell does, as far as the document needs it: spaces, and single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words
                .last_mut()
                .expect("there is a first word")
                .push(letter),
        }
    }
    words
}

fn matches(pattern: &str, text: &str) -> bool {
    let line_matches = |(pattern, text): (&str, &str)| match pattern.split_once('…') {
        Some((before, after)) => {
            text.len() >= before.len() + after.len()
                && text.starts_with(before)
                && text.ends_with(after)
        }
        None => pattern == text,
    };
    pattern.lines().count() == text.lines().count()
        && pattern.lines().zip(text.lines()).all(line_matches)
}

/// As redis-cli shows a value on a terminal.
fn show(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Nil => out.push_str("(nil)\n"),
        Value::Int(number) => *out += &format!("(integer) {number}\n"),
        Value::SimpleString(text) => *out += &format!("{text}\n"),
        Value::BulkString(bytes) => *out += &format!("{:?}\n", String::from_utf8_lossy(bytes)),
        Value::Array(values) if values.is_empty() => out.push_str("(empty array)\n"),
        Value::Array(values) => {
            let width = values.len().to_string().len();
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.extend(std::iter::repeat_n(' ', indent));
                }
                *out += &format!("{:>width$}) ", index + 1);
                show(value, indent + width + 2, out);
            }
        }
        other => panic!("no recipe answers {other:?}"),
    }
}
