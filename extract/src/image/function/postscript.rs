//! Type 4: a program of the PostScript calculator (ISO 32000-1, 7.10.5). It has no loops, so it
//! ends after as many steps as it has operators.

/// Operators and numbers in one program.
const MAX_STEPS: usize = 10_000;

/// Procedures within procedures.
const MAX_DEPTH: u32 = 32;

/// Numbers on the stack.
const MAX_STACK: usize = 100;

/// A program as a list of steps with jumps.
pub(super) struct Program {
    steps: Vec<Step>,
}

enum Step {
    Push(f32),
    Run(Operator),
    /// Takes a number and goes to the step with this index where it is zero.
    JumpUnless(usize),
    Jump(usize),
}

macro_rules! operators {
    ($($name:literal => $variant:ident,)*) => {
        #[derive(Clone, Copy)]
        enum Operator { $($variant,)* }

        impl Operator {
            fn parse(name: &[u8]) -> Option<Self> {
                $(if name == $name { return Some(Self::$variant); })*
                None
            }
        }
    };
}

operators! {
    b"abs" => Abs, b"add" => Add, b"and" => And, b"atan" => Atan, b"bitshift" => Bitshift,
    b"ceiling" => Ceiling, b"copy" => Copy, b"cos" => Cos, b"cvi" => Cvi, b"cvr" => Cvr,
    b"div" => Div, b"dup" => Dup, b"eq" => Eq, b"exch" => Exch, b"exp" => Exp,
    b"false" => False, b"floor" => Floor, b"ge" => Ge, b"gt" => Gt, b"idiv" => Idiv,
    b"index" => Index, b"le" => Le, b"ln" => Ln, b"log" => Log, b"lt" => Lt, b"mod" => Mod,
    b"mul" => Mul, b"ne" => Ne, b"neg" => Neg, b"not" => Not, b"or" => Or, b"pop" => Pop,
    b"roll" => Roll, b"round" => Round, b"sin" => Sin, b"sqrt" => Sqrt, b"sub" => Sub,
    b"true" => True, b"truncate" => Truncate, b"xor" => Xor,
}

impl Program {
    /// Reads `{ … }`; `None` where it is not a program.
    pub(super) fn parse(source: &[u8]) -> Option<Self> {
        let mut tokens = Tokens(source);
        let mut steps = Vec::new();
        (tokens.next()? == b"{").then_some(())?;
        block(&mut tokens, &mut steps, MAX_DEPTH)?;
        Some(Self { steps })
    }

    /// Runs it on `inputs`; the top `outputs` numbers it leaves, zeros where it left fewer.
    pub(super) fn run(&self, inputs: &[f32], outputs: usize) -> Vec<f32> {
        let mut stack = inputs.to_vec();
        let mut next = 0;
        while let Some(step) = self.steps.get(next) {
            next += 1;
            match step {
                Step::Push(value) => stack.push(*value),
                Step::Jump(to) => next = *to,
                Step::JumpUnless(to) => match stack.pop() {
                    Some(0.0) => next = *to,
                    Some(_) => {}
                    None => break,
                },
                Step::Run(operator) => {
                    if apply(*operator, &mut stack).is_none() {
                        break;
                    }
                }
            }
            if stack.len() > MAX_STACK {
                break;
            }
        }
        let mut result = vec![0.0; outputs.saturating_sub(stack.len())];
        result.extend_from_slice(&stack[stack.len().saturating_sub(outputs)..]);
        result
    }
}

/// Reads up to the closing brace.
fn block(tokens: &mut Tokens<'_>, steps: &mut Vec<Step>, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    loop {
        if steps.len() > MAX_STEPS {
            return None;
        }
        match tokens.next()? {
            b"}" => return Some(()),
            b"{" => conditional(tokens, steps, depth)?,
            token => steps.push(match Operator::parse(token) {
                Some(operator) => Step::Run(operator),
                None => Step::Push(std::str::from_utf8(token).ok()?.parse().ok()?),
            }),
        }
    }
}

/// Reads `{ … } if` or `{ … } { … } ifelse` after its first brace.
fn conditional(tokens: &mut Tokens<'_>, steps: &mut Vec<Step>, depth: u32) -> Option<()> {
    let test = steps.len();
    steps.push(Step::JumpUnless(0));
    block(tokens, steps, depth)?;
    match tokens.next()? {
        b"if" => steps[test] = Step::JumpUnless(steps.len()),
        b"{" => {
            let end_of_first = steps.len();
            steps.push(Step::Jump(0));
            steps[test] = Step::JumpUnless(steps.len());
            block(tokens, steps, depth)?;
            (tokens.next()? == b"ifelse").then_some(())?;
            steps[end_of_first] = Step::Jump(steps.len());
        }
        _ => return None,
    }
    Some(())
}

/// Braces, and words between white space.
struct Tokens<'s>(&'s [u8]);

impl<'s> Tokens<'s> {
    fn next(&mut self) -> Option<&'s [u8]> {
        loop {
            self.0 = self.0.trim_ascii_start();
            match self.0 {
                [b'%', ..] => {
                    let end = self
                        .0
                        .iter()
                        .position(|byte| matches!(byte, b'\n' | b'\r'))?;
                    self.0 = &self.0[end..];
                }
                [0, rest @ ..] => self.0 = rest,
                _ => break,
            }
        }
        let is_end =
            |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | b'{' | b'}' | b'%');
        let length = match self.0 {
            [] => return None,
            [b'{' | b'}', ..] => 1,
            word => word.iter().position(is_end).unwrap_or(word.len()),
        };
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// Runs one operator; `None` where the stack holds too few numbers.
fn apply(operator: Operator, stack: &mut Vec<f32>) -> Option<()> {
    use Operator as Op;
    let truth = |value: bool| if value { 1.0 } else { 0.0 };
    match operator {
        Op::Copy | Op::Dup | Op::Exch | Op::Index | Op::Pop | Op::Roll => {
            return rearrange(operator, stack);
        }
        Op::True => stack.push(1.0),
        Op::False => stack.push(0.0),
        Op::Abs
        | Op::Ceiling
        | Op::Cos
        | Op::Cvi
        | Op::Cvr
        | Op::Floor
        | Op::Ln
        | Op::Log
        | Op::Neg
        | Op::Not
        | Op::Round
        | Op::Sin
        | Op::Sqrt
        | Op::Truncate => {
            let value = stack.pop()?;
            stack.push(match operator {
                Op::Abs => value.abs(),
                Op::Ceiling => value.ceil(),
                Op::Cos => value.to_radians().cos(),
                Op::Cvi | Op::Truncate => value.trunc(),
                Op::Floor => value.floor(),
                Op::Ln => value.ln(),
                Op::Log => value.log10(),
                Op::Neg => -value,
                // Truth values are 0 and 1 here; of other numbers `not` flips the bits.
                Op::Not if value == 0.0 || value == 1.0 => 1.0 - value,
                Op::Not => !(value as i32) as f32,
                Op::Round => (value + 0.5).floor(),
                Op::Sin => value.to_radians().sin(),
                Op::Sqrt => value.max(0.0).sqrt(),
                _ => value,
            });
        }
        _ => {
            let (b, a) = (stack.pop()?, stack.pop()?);
            let (int_a, int_b) = (a as i32, b as i32);
            stack.push(match operator {
                Op::Add => a + b,
                Op::Sub => a - b,
                Op::Mul => a * b,
                Op::Div if b == 0.0 => 0.0,
                Op::Div => a / b,
                Op::Idiv => int_a.checked_div(int_b).unwrap_or(0) as f32,
                Op::Mod => int_a.checked_rem(int_b).unwrap_or(0) as f32,
                Op::Exp => a.powf(b),
                Op::Atan => a.atan2(b).to_degrees().rem_euclid(360.0),
                Op::And => (int_a & int_b) as f32,
                Op::Or => (int_a | int_b) as f32,
                Op::Xor => (int_a ^ int_b) as f32,
                Op::Bitshift if int_b >= 0 => int_a.unbounded_shl(int_b.unsigned_abs()) as f32,
                Op::Bitshift => int_a.unbounded_shr(int_b.unsigned_abs()) as f32,
                Op::Eq => truth(a == b),
                Op::Ne => truth(a != b),
                Op::Lt => truth(a < b),
                Op::Le => truth(a <= b),
                Op::Gt => truth(a > b),
                _ => truth(a >= b),
            });
        }
    }
    Some(())
}

/// The operators that move numbers about.
fn rearrange(operator: Operator, stack: &mut Vec<f32>) -> Option<()> {
    let top = stack.pop()?;
    match operator {
        Operator::Pop => {}
        Operator::Dup => stack.extend([top, top]),
        Operator::Exch => {
            let below = stack.pop()?;
            stack.extend([top, below]);
        }
        Operator::Index => {
            let depth = stack.len().checked_sub(top as usize + 1)?;
            stack.push(stack[depth]);
        }
        Operator::Copy => {
            let count = top as usize;
            let from = stack
                .len()
                .checked_sub(count)
                .filter(|_| count <= MAX_STACK)?;
            stack.extend_from_within(from..);
        }
        _ => {
            let count = stack.pop()? as usize;
            let from = stack.len().checked_sub(count)?;
            if count > 0 {
                let shift = (top as i64).rem_euclid(count as i64) as usize;
                stack[from..].rotate_right(shift);
            }
        }
    }
    Some(())
}
