//! Functions of all types against values computed by hand.

use lopdf::{Document, Object, Stream, dictionary};
use proptest::prelude::*;

use super::*;
use crate::{Cancel, Limits, Options};

fn with_function<T>(object: &Object, look: impl FnOnce(Result<Function, ImageError>) -> T) -> T {
    let (limits, cancel) = (Limits::default(), Cancel::new());
    let budget = Budget::new(&limits, &cancel);
    let mut document = Document::with_version("1.7");
    let catalog =
        document.add_object(dictionary! { "Type" => "Catalog", "Pages" => dictionary! {} });
    document.trailer.set("Root", catalog);
    let mut file = Vec::new();
    document.save_to(&mut file).unwrap();
    let objects = Objects::open(&file, &Options::default(), &budget).unwrap();
    look(Function::parse(&object.clone().into(), &objects, &budget))
}

fn eval(object: impl Into<Object>, inputs: &[f32]) -> Vec<f32> {
    with_function(&object.into(), |function| function.unwrap().eval(inputs))
}

fn calculator(program: &str, outputs: usize) -> Object {
    let interval = [Object::Integer(-1000), Object::Integer(1000)];
    let intervals = |count| {
        std::iter::repeat_n(interval.clone(), count)
            .flatten()
            .collect()
    };
    let (range, domain): (Vec<Object>, Vec<Object>) = (intervals(outputs), intervals(2));
    let dict = dictionary! { "FunctionType" => 4, "Domain" => domain, "Range" => range };
    Stream::new(dict, program.as_bytes().to_vec()).into()
}

#[test]
fn a_sampled_function_interpolates_between_its_samples() {
    let dict = dictionary! {
        "FunctionType" => 0, "BitsPerSample" => 8,
        "Domain" => vec![0.into(), 1.into(), 0.into(), 1.into()],
        "Range" => vec![0.into(), 1.into()],
        "Size" => vec![2.into(), 2.into()],
    };
    let function = Object::from(Stream::new(dict, vec![0, 255, 0, 255]));
    assert_eq!(eval(function.clone(), &[0.25, 0.9]), [0.25]);
    assert_eq!(eval(function, &[7.0, -3.0]), [1.0]);
}

#[test]
fn an_exponential_function_blends_its_ends() {
    let dict = dictionary! {
        "FunctionType" => 2, "N" => 2, "Domain" => vec![0.into(), 1.into()],
        "C0" => vec![0.into(), 1.into()], "C1" => vec![1.into(), 0.into()],
    };
    assert_eq!(eval(dict, &[0.5]), [0.25, 0.75]);
}

#[test]
fn a_stitching_function_chooses_by_its_bounds() {
    let part = |c0: i64, c1: i64| {
        Object::from(dictionary! {
            "FunctionType" => 2, "N" => 1, "Domain" => vec![0.into(), 1.into()],
            "C0" => vec![c0.into()], "C1" => vec![c1.into()],
        })
    };
    let dict = dictionary! {
        "FunctionType" => 3, "Domain" => vec![0.into(), 1.into()],
        "Functions" => vec![part(0, 10), part(10, 30)],
        "Bounds" => vec![0.5.into()],
        "Encode" => vec![0.into(), 1.into(), 0.into(), 1.into()],
    };
    assert_eq!(eval(dict.clone(), &[0.25]), [5.0]);
    assert_eq!(eval(dict.clone(), &[0.5]), [10.0]);
    assert_eq!(eval(dict, &[1.0]), [30.0]);
}

#[test]
fn a_calculator_program_branches_and_moves_its_stack() {
    assert_eq!(
        eval(calculator("{ 2 copy add 3 1 roll sub }", 2), &[7.0, 2.0]),
        [9.0, 5.0]
    );
    assert_eq!(
        eval(calculator("{ gt { 1 } { 2 } ifelse }", 1), &[7.0, 2.0]),
        [1.0]
    );
    assert_eq!(
        eval(calculator("{ pop dup 5 lt { pop 0 } if }", 1), &[3.0, 2.0]),
        [0.0]
    );
    assert_eq!(
        eval(calculator("{ 1 index exch % note\n atan }", 1), &[1.0, 1.0]),
        [45.0]
    );
}

#[test]
fn a_program_that_runs_out_of_numbers_yields_zeros() {
    assert_eq!(
        eval(calculator("{ pop pop pop }", 3), &[7.0, 2.0]),
        [0.0; 3]
    );
}

#[test]
fn damaged_functions_are_refused() {
    for program in ["", "{", "{ frob }", "{ { 1 } }", &"{".repeat(5_000)] {
        let refused = with_function(&calculator(program, 1), |function| function.is_err());
        assert!(refused, "{program:.20}");
    }
    assert!(with_function(&Object::Null, |function| function.is_err()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_program_of_known_words_ends(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "copy", "roll", "index", "idiv", "mod", "bitshift", "exp", "ln", "sqrt", "cvi",
                "-1", "100000", "0.5", "{", "}", "if", "ifelse", "dup", "not", "atan", "div",
            ]), 0..60),
    ) {
        let program = format!("{{ {} }}", words.join(" "));
        with_function(&calculator(&program, 3), |function| {
            if let Ok(function) = function {
                assert_eq!(function.eval(&[0.3, -2.0]).len(), 3);
            }
        });
    }
}
