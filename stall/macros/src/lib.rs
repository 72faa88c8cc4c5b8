//! The attribute behind `#[stall::test]`. No parser: it changes three things in the tokens and leaves the rest alone.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

mod arguments;

use arguments::Arguments;

/// Runs an async test on an instrumented tokio runtime and fails it, with the stack, if any of its tasks holds a runtime
/// thread for too long.
///
/// Arguments, all optional: `threshold = "10ms"` (also `us`, `s`), `flavor = "current_thread"` (the default) or
/// `"multi_thread"`, and `worker_threads = 2` for the latter. Or `options = …` alone: an expression of type
/// `stall::TestOptions`, for instance a constant that many tests share.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match Arguments::parse(arguments).and_then(|arguments| expand(&arguments, item)) {
        Ok(tokens) => tokens,
        Err(message) => format!("::core::compile_error!({message:?});")
            .parse()
            .expect("a macro call"),
    }
}

/// `async fn name() -> T { body }` → `#[test] fn name() -> T { run_test(options, async move { body }) }`.
fn expand(arguments: &Arguments, item: TokenStream) -> Result<TokenStream, String> {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let is_async =
        |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word.to_string() == "async");
    let position = tokens
        .iter()
        .position(is_async)
        .ok_or("#[stall::test] goes on an async fn")?;
    tokens.remove(position);
    let body = match tokens.pop() {
        Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => body,
        _ => return Err("#[stall::test] goes on an async fn with a body".to_owned()),
    };
    let mut parameters = arguments.options();
    parameters.extend(parse(", async move"));
    parameters.extend([TokenTree::Group(body)]);
    let mut new_body = parse("::stall::run_test");
    new_body.extend([TokenTree::Group(Group::new(
        Delimiter::Parenthesis,
        parameters,
    ))]);
    let mut expanded = parse("#[::core::prelude::v1::test]");
    expanded.extend(tokens);
    expanded.extend([TokenTree::Group(Group::new(Delimiter::Brace, new_body))]);
    Ok(expanded)
}

fn parse(source: &str) -> TokenStream {
    source.parse().expect("tokens written here")
}
