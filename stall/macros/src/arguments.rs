//! `threshold = "10ms", flavor = "multi_thread", worker_threads = 2`, or `options = …` → the options of the test.

use proc_macro::{TokenStream, TokenTree};

/// The attribute's arguments.
pub(crate) enum Arguments {
    /// One by one.
    Given {
        threshold_ns: u64,
        worker_threads: usize,
    },
    /// An expression that gives them all.
    Options(TokenStream),
}

impl Arguments {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self, String> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        match &tokens[..] {
            [
                TokenTree::Ident(name),
                TokenTree::Punct(equals),
                expression @ ..,
            ] if name.to_string() == "options" && equals.as_char() == '=' => {
                Ok(Self::Options(expression.iter().cloned().collect()))
            }
            _ => Self::one_by_one(&tokens),
        }
    }

    fn one_by_one(tokens: &[TokenTree]) -> Result<Self, String> {
        let (mut threshold_ns, mut multi_thread, mut worker_threads) = (10_000_000, false, None);
        for argument in
            tokens.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
        {
            let [
                TokenTree::Ident(name),
                TokenTree::Punct(_),
                TokenTree::Literal(value),
            ] = argument
            else {
                if argument.is_empty() {
                    continue;
                }
                return Err("expected name = value".to_owned());
            };
            let value = value.to_string();
            let text = value.trim_matches('"');
            match name.to_string().as_str() {
                "threshold" => threshold_ns = nanoseconds(text)?,
                "flavor" => multi_thread = is_multi_thread(text)?,
                "worker_threads" => worker_threads = Some(number(text)?),
                other => {
                    return Err(format!(
                        "unknown argument {other}; known: threshold, flavor, worker_threads, or options alone"
                    ));
                }
            }
        }
        match (multi_thread, worker_threads) {
            (false, Some(_)) => Err("worker_threads needs flavor = \"multi_thread\"".to_owned()),
            (true, Some(0)) => Err("worker_threads must be at least 1".to_owned()),
            (false, None) => Ok(Self::Given {
                threshold_ns,
                worker_threads: 0,
            }),
            (true, workers) => Ok(Self::Given {
                threshold_ns,
                worker_threads: workers.unwrap_or(2),
            }),
        }
    }

    /// An expression of type `stall::TestOptions`.
    pub(crate) fn options(&self) -> TokenStream {
        match self {
            Self::Options(expression) => expression.clone(),
            Self::Given {
                threshold_ns,
                worker_threads,
            } => format!(
                "::stall::TestOptions {{ threshold: ::core::time::Duration::from_nanos({threshold_ns}), \
                 worker_threads: {worker_threads}, ..::stall::TestOptions::DEFAULT }}"
            )
            .parse()
            .expect("a struct expression"),
        }
    }
}

fn is_multi_thread(flavor: &str) -> Result<bool, String> {
    match flavor {
        "current_thread" => Ok(false),
        "multi_thread" => Ok(true),
        other => Err(format!(
            "unknown flavor {other:?}; known: current_thread, multi_thread"
        )),
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a number"))
}

fn nanoseconds(text: &str) -> Result<u64, String> {
    let unit_at = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit.trim() {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return Err(format!("{text:?} is not a duration such as \"10ms\"")),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|nanoseconds| *nanoseconds > 0)
        .ok_or_else(|| format!("{text:?} is not a duration such as \"10ms\""))
}
