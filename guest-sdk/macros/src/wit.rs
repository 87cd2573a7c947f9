//! From the model to the text of a WIT package: `wask:<module>`, its world `tasks`, and, where
//! functions use types of the module, its interface `types`.

use std::fmt::{self, Display, Formatter};

use crate::model::{Case, Function, Kind, Tasks, Type, TypeDef};

/// The WIT package of a module.
pub(crate) fn package(tasks: &Tasks) -> String {
    Package(tasks).to_string()
}

struct Package<'a>(&'a Tasks);

impl Display for Package<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Tasks {
            name,
            docs,
            functions,
            types,
        } = self.0;
        writeln!(f, "package wask:{};", name.wit())?;
        if !types.is_empty() {
            writeln!(f, "\ninterface types {{")?;
            for (i, def) in types.iter().enumerate() {
                f.write_str(if i == 0 { "" } else { "\n" })?;
                write_type_def(f, def)?;
            }
            writeln!(f, "}}")?;
        }
        writeln!(f)?;
        write_docs(f, "", docs)?;
        writeln!(f, "world tasks {{")?;
        if !types.is_empty() {
            let names: Vec<String> = types.iter().map(|def| def.name.wit()).collect();
            writeln!(f, "    use types.{{{}}};\n", names.join(", "))?;
        }
        for function in functions {
            write_function(f, function)?;
        }
        writeln!(f, "}}")
    }
}

fn write_docs(f: &mut Formatter<'_>, indent: &str, docs: &[String]) -> fmt::Result {
    docs.iter()
        .try_for_each(|line| writeln!(f, "{}", format!("{indent}/// {line}").trim_end()))
}

fn write_type_def(f: &mut Formatter<'_>, def: &TypeDef) -> fmt::Result {
    write_docs(f, "    ", &def.docs)?;
    let keyword = match def.kind {
        Kind::Record(_) => "record",
        Kind::Variant(_) => "variant",
        Kind::Enum(_) => "enum",
    };
    writeln!(f, "    {keyword} {} {{", def.name.wit())?;
    match &def.kind {
        Kind::Record(fields) => {
            for field in fields {
                write_docs(f, "        ", &field.docs)?;
                writeln!(f, "        {}: {},", field.name.wit(), Wit(&field.ty))?;
            }
        }
        Kind::Variant(cases) | Kind::Enum(cases) => {
            for case in cases {
                write_case(f, case)?;
            }
        }
    }
    writeln!(f, "    }}")
}

fn write_case(f: &mut Formatter<'_>, case: &Case) -> fmt::Result {
    write_docs(f, "        ", &case.docs)?;
    match &case.ty {
        Some(ty) => writeln!(f, "        {}({}),", case.name.wit(), Wit(ty)),
        None => writeln!(f, "        {},", case.name.wit()),
    }
}

fn write_function(f: &mut Formatter<'_>, function: &Function) -> fmt::Result {
    write_docs(f, "    ", &function.docs)?;
    let params = function.params.iter();
    let params = params.map(|param| format!("{}: {}", param.name.wit(), Wit(&param.ty)));
    let params: Vec<String> = params.collect();
    write!(
        f,
        "    export {}: func({})",
        function.name.wit(),
        params.join(", ")
    )?;
    match &function.result {
        Some(ty) => writeln!(f, " -> {};", Wit(ty)),
        None => writeln!(f, ";"),
    }
}

/// A type in WIT.
struct Wit<'a>(&'a Type);

impl Display for Wit<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Type::Primitive { wit, .. } => f.write_str(wit),
            Type::String => f.write_str("string"),
            Type::List(item) => write!(f, "list<{}>", Self(item)),
            Type::Option(some) => write!(f, "option<{}>", Self(some)),
            Type::Result(None, None) => f.write_str("result"),
            Type::Result(Some(ok), None) => write!(f, "result<{}>", Self(ok)),
            Type::Result(None, Some(err)) => write!(f, "result<_, {}>", Self(err)),
            Type::Result(Some(ok), Some(err)) => write!(f, "result<{}, {}>", Self(ok), Self(err)),
            Type::Tuple(items) => {
                let items: Vec<String> = items.iter().map(|item| Self(item).to_string()).collect();
                write!(f, "tuple<{}>", items.join(", "))
            }
            // Checked when the type was read.
            Type::Named(ident) => match crate::names::Name::new(ident) {
                Ok(name) => f.write_str(&name.wit()),
                Err(_) => Err(fmt::Error),
            },
        }
    }
}
