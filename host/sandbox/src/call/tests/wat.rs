//! Components for any WIT type, and values as wasmtime has them.

use std::fmt::Write;

use wask_value::{Type, Value};
use wasmtime::component::Val;

/// Where the guest's allocator begins. What is below is for results.
const HEAP: usize = 4096;
/// Where the values of slots are written.
const SLOTS: usize = 64;

/// A core type that values are flattened to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Core {
    I32,
    I64,
    F32,
    F64,
}

impl Core {
    fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// The canonical ABI's `join`: the type that holds either.
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::I32, Self::F32) | (Self::F32, Self::I32) => Self::I32,
            _ => Self::I64,
        }
    }
}

/// The flat types of a value.
pub(super) fn flatten(ty: &Type) -> Vec<Core> {
    match ty {
        Type::S64 | Type::U64 => vec![Core::I64],
        Type::F32 => vec![Core::F32],
        Type::F64 => vec![Core::F64],
        Type::String | Type::List(_) => vec![Core::I32, Core::I32],
        Type::Tuple(types) => types.iter().flat_map(flatten).collect(),
        Type::Record(fields) => fields.iter().flat_map(|f| flatten(&f.ty)).collect(),
        Type::Option(some) => variant([Some(&**some)].into_iter()),
        Type::Result(sides) => variant([sides.ok.as_ref(), sides.err.as_ref()].into_iter()),
        Type::Variant(cases) => variant(cases.iter().map(|case| case.ty.as_ref())),
        _ => vec![Core::I32],
    }
}

fn variant<'a>(payloads: impl Iterator<Item = Option<&'a Type>>) -> Vec<Core> {
    let mut joined: Vec<Core> = Vec::new();
    for flat in payloads.flatten().map(flatten) {
        for (i, core) in flat.into_iter().enumerate() {
            match joined.get_mut(i) {
                Some(other) => *other = other.join(core),
                None => joined.push(core),
            }
        }
    }
    joined.insert(0, Core::I32);
    joined
}

/// Writes types as component text. Those with names must be exported to be used in exports.
#[derive(Default)]
struct Types {
    definitions: String,
    count: usize,
}

impl Types {
    fn text(&mut self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".into(),
            Type::S8 => "s8".into(),
            Type::U8 => "u8".into(),
            Type::S16 => "s16".into(),
            Type::U16 => "u16".into(),
            Type::S32 => "s32".into(),
            Type::U32 => "u32".into(),
            Type::S64 => "s64".into(),
            Type::U64 => "u64".into(),
            Type::F32 => "f32".into(),
            Type::F64 => "f64".into(),
            Type::Char => "char".into(),
            Type::String => "string".into(),
            Type::List(element) => format!("(list {})", self.text(element)),
            Type::Option(some) => format!("(option {})", self.text(some)),
            Type::Result(sides) => {
                let ok = self.maybe(sides.ok.as_ref());
                let err = self.maybe(sides.err.as_ref());
                let err = if err.is_empty() {
                    err
                } else {
                    format!("(error {err})")
                };
                format!("(result {ok} {err})")
            }
            Type::Tuple(types) => {
                let types: Vec<_> = types.iter().map(|ty| self.text(ty)).collect();
                format!("(tuple {})", types.join(" "))
            }
            Type::Record(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|f| format!("(field \"{}\" {})", f.name, self.text(&f.ty)))
                    .collect();
                self.define(&format!("(record {})", fields.join(" ")))
            }
            Type::Variant(cases) => {
                let cases: Vec<_> = cases
                    .iter()
                    .map(|c| format!("(case \"{}\" {})", c.name, self.maybe(c.ty.as_ref())))
                    .collect();
                self.define(&format!("(variant {})", cases.join(" ")))
            }
            Type::Enum(names) => self.define(&format!("(enum {})", quoted(names))),
            Type::Flags(names) => self.define(&format!("(flags {})", quoted(names))),
        }
    }

    fn maybe(&mut self, ty: Option<&Type>) -> String {
        ty.map(|ty| self.text(ty)).unwrap_or_default()
    }

    fn define(&mut self, definition: &str) -> String {
        let name = format!("$t{}", self.count);
        let line = format!("(type {name}' {definition})\n");
        self.definitions.push_str(&line);
        let line = format!("(export {name} \"t{}\" (type {name}'))\n", self.count);
        self.definitions.push_str(&line);
        self.count += 1;
        name
    }
}

fn quoted(names: &[std::sync::Arc<str>]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(" ")
}

/// A component with two functions. `lowered` takes `params` and returns all that lowering did: the
/// bits of each core parameter, and all memory that was allocated. `first` takes a list of the
/// first parameter's type and returns its first element, read where it lies.
pub(super) fn component(params: &[Type], encoding: &str) -> String {
    let mut types = Types::default();
    let param_text: String = params
        .iter()
        .enumerate()
        .map(|(i, ty)| format!("(param \"p{i}\" {}) ", types.text(ty)))
        .collect();
    let first = types.text(&params[0]);
    let mut cores: Vec<Core> = params.iter().flat_map(flatten).collect();
    if cores.len() > 16 {
        cores = vec![Core::I32];
    }
    let core_params: String = cores
        .iter()
        .map(|c| format!("(param {}) ", c.name()))
        .collect();
    let mut stores = String::new();
    for (i, core) in cores.iter().enumerate() {
        let bits = match core {
            Core::I32 => format!("(i64.extend_i32_u (local.get {i}))"),
            Core::I64 => format!("(local.get {i})"),
            Core::F32 => format!("(i64.extend_i32_u (i32.reinterpret_f32 (local.get {i})))"),
            Core::F64 => format!("(i64.reinterpret_f64 (local.get {i}))"),
        };
        let at = SLOTS + 8 * i;
        writeln!(stores, "(i64.store (i32.const {at}) {bits})").unwrap();
    }
    let (first_core, first_load) = first_element(&params[0]);
    let slots = cores.len();
    let definitions = &types.definitions;
    let options = format!(
        "(memory (core memory $i \"memory\")) (realloc (core func $i \"realloc\")) \
         string-encoding={encoding}"
    );
    format!(
        r#"(component
(core module $m
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const {HEAP}))
  (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32)
    (param $size i32) (result i32) (local $at i32) (local $pages i32)
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.set $pages (i32.shr_u (i32.add (global.get $next) (i32.const 65535)) (i32.const 16)))
    (if (i32.gt_u (local.get $pages) (memory.size))
      (then (drop (memory.grow (i32.sub (local.get $pages) (memory.size))))))
    (memory.copy (local.get $at) (local.get $old)
      (select (local.get $size) (local.get $old-size)
        (i32.lt_u (local.get $size) (local.get $old-size))))
    (local.get $at))
  (func (export "lowered") {core_params} (result i32)
    {stores}
    (i32.store (i32.const 16) (i32.const {SLOTS}))
    (i32.store (i32.const 20) (i32.const {slots}))
    (i32.store (i32.const 24) (i32.const {HEAP}))
    (i32.store (i32.const 28) (i32.sub (global.get $next) (i32.const {HEAP})))
    (i32.const 16))
  (func (export "first") (param i32) (param i32) (result {first_core}) {first_load}))
(core instance $i (instantiate $m))
{definitions}
(func (export "lowered") {param_text} (result (tuple (list u64) (list u8)))
  (canon lift (core func $i "lowered") {options}))
(func (export "first") (param "x" (list {first})) (result {first})
  (canon lift (core func $i "first") {options}))
)"#
    )
}

/// How the first element of a list is returned: loaded where it is one flat value, else by pointer.
fn first_element(ty: &Type) -> (&'static str, String) {
    let flat = flatten(ty);
    if flat.len() > 1 {
        return ("i32", "(local.get 0)".into());
    }
    (flat[0].name(), format!("({} (local.get 0))", load(ty)))
}

fn load(ty: &Type) -> &'static str {
    match ty {
        Type::S8 => "i32.load8_s",
        Type::S16 => "i32.load16_s",
        Type::U16 => "i32.load16_u",
        Type::S32 | Type::U32 | Type::Char => "i32.load",
        Type::S64 | Type::U64 => "i64.load",
        Type::F32 => "f32.load",
        Type::F64 => "f64.load",
        Type::Tuple(types) => load(&types[0]),
        Type::Record(fields) => load(&fields[0].ty),
        Type::Enum(names) if names.len() > 256 => "i32.load16_u",
        Type::Flags(names) if names.len() > 16 => "i32.load",
        Type::Flags(names) if names.len() > 8 => "i32.load16_u",
        _ => "i32.load8_u",
    }
}

/// Makes a type that components can have: nothing is empty, and there are at most 32 flags.
pub(super) fn realizable(ty: &Type) -> Type {
    match ty {
        Type::Tuple(types) if types.is_empty() => Type::tuple([Type::U8]),
        Type::Tuple(types) => Type::tuple(types.iter().map(realizable)),
        Type::List(element) => Type::list(realizable(element)),
        Type::Option(some) => Type::option(realizable(some)),
        Type::Result(sides) => Type::result(
            sides.ok.as_ref().map(realizable),
            sides.err.as_ref().map(realizable),
        ),
        Type::Record(fields) => {
            Type::record(fields.iter().map(|f| (f.name.clone(), realizable(&f.ty))))
        }
        Type::Variant(cases) => Type::variant(
            cases
                .iter()
                .map(|c| (c.name.clone(), c.ty.as_ref().map(realizable))),
        ),
        Type::Flags(names) => Type::flags(names.iter().take(32).cloned()),
        other => other.clone(),
    }
}

/// The value as wasmtime has it.
pub(super) fn val(ty: &Type, value: &Value) -> Val {
    let boxed = |ty: Option<&Type>, payload: &Option<Box<Value>>| {
        let pair = ty.zip(payload.as_deref());
        pair.map(|(ty, value)| Box::new(val(ty, value)))
    };
    match (ty, value) {
        (_, Value::Bool(x)) => Val::Bool(*x),
        (_, Value::S8(x)) => Val::S8(*x),
        (_, Value::U8(x)) => Val::U8(*x),
        (_, Value::S16(x)) => Val::S16(*x),
        (_, Value::U16(x)) => Val::U16(*x),
        (_, Value::S32(x)) => Val::S32(*x),
        (_, Value::U32(x)) => Val::U32(*x),
        (_, Value::S64(x)) => Val::S64(*x),
        (_, Value::U64(x)) => Val::U64(*x),
        (_, Value::F32(x)) => Val::Float32(*x),
        (_, Value::F64(x)) => Val::Float64(*x),
        (_, Value::Char(x)) => Val::Char(*x),
        (_, Value::String(x)) => Val::String(x.clone()),
        (_, Value::Bytes(x)) => Val::List(x.iter().map(|x| Val::U8(*x)).collect()),
        (Type::List(ty), Value::List(x)) => Val::List(x.iter().map(|x| val(ty, x)).collect()),
        (Type::Option(ty), Value::Option(x)) => Val::Option(boxed(Some(ty), x)),
        (Type::Result(ty), Value::Result(x)) => Val::Result(match x {
            Ok(x) => Ok(boxed(ty.ok.as_ref(), x)),
            Err(x) => Err(boxed(ty.err.as_ref(), x)),
        }),
        (Type::Tuple(types), Value::Tuple(x)) => {
            Val::Tuple(types.iter().zip(x).map(|(ty, x)| val(ty, x)).collect())
        }
        (Type::Record(fields), Value::Record(x)) => {
            let fields = fields.iter().zip(x);
            Val::Record(
                fields
                    .map(|(f, x)| (f.name.to_string(), val(&f.ty, x)))
                    .collect(),
            )
        }
        (Type::Variant(cases), Value::Variant(number, x)) => {
            let case = &cases[*number as usize];
            Val::Variant(case.name.to_string(), boxed(case.ty.as_ref(), x))
        }
        (Type::Enum(names), Value::Enum(number)) => Val::Enum(names[*number as usize].to_string()),
        (Type::Flags(names), Value::Flags(x)) => {
            let set = names.iter().zip(x).filter(|(_, set)| **set);
            Val::Flags(set.map(|(name, _)| name.to_string()).collect())
        }
        (ty, value) => panic!("{value:?} is no {ty}"),
    }
}
