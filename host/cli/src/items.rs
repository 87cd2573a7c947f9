//! What `wask map` goes over besides files: items that were typed, and lines.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use wask_client::Encoded;
use wask_value::{Type, json};

use crate::{
    exit::{Exit, Failed, OrExit, Result},
    expression::{FutureRef, Reference, Scope, Tree},
};

/// Reads items as they are typed. A collection, `@name`, gives each of its futures.
pub(crate) fn typed(scope: &Scope, ty: &Type, texts: &[String]) -> Result<Vec<Tree>> {
    let mut items = Vec::with_capacity(texts.len());
    for (number, text) in (1..).zip(texts) {
        let read = read(scope, ty, text, &mut items);
        read.map_err(|failed| failed.context(format!("item {number}, `{}`", shorten(text))))?;
    }
    Ok(items)
}

/// Reads items from the lines of a file, or of stdin where it is `-`: JSON where the name ends in
/// `.jsonl` or `.ndjson`, else as they are typed.
pub(crate) fn lines(scope: &Scope, ty: &Type, path: &Path) -> Result<Vec<Tree>> {
    let shown = path.display();
    let reader: Box<dyn BufRead> = match path == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(
            File::open(path).or_exit(Exit::Input, || format!("cannot read {shown}"))?,
        )),
    };
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "jsonl" || extension == "ndjson");
    let mut items = Vec::new();
    for (number, line) in (1..).zip(reader.lines()) {
        let line = line.or_exit(Exit::Input, || {
            format!("cannot read {shown}, line {number}")
        })?;
        if line.trim().is_empty() {
            continue;
        }
        let read = match is_json {
            true => from_json(ty, &line).map(|item| items.push(item)),
            false => read(scope, ty, &line, &mut items),
        };
        read.map_err(|failed| failed.context(format!("{shown}, line {number}")))?;
    }
    Ok(items)
}

fn read(scope: &Scope, ty: &Type, text: &str, items: &mut Vec<Tree>) -> Result {
    if is_plain_text(ty, text) {
        items.push(Tree::Text(text.to_owned()));
        return Ok(());
    }
    let reference = match text.starts_with('@') {
        true => Reference::parse(text)?,
        false => None,
    };
    match reference {
        Some(Reference::Dataset { name, index: None }) if is_collection(scope, ty, &name) => {
            let len = scope.datasets[&name].len;
            let dataset: std::sync::Arc<str> = name.into();
            items.extend((0..len).map(|index| {
                Tree::Future(FutureRef {
                    dataset: dataset.clone(),
                    index,
                })
            }));
        }
        _ => items.push(scope.value(ty, text)?),
    }
    Ok(())
}

/// Whether a string is meant just as it stands: where one is wanted, and no quote begins it.
fn is_plain_text(ty: &Type, text: &str) -> bool {
    *ty == Type::String && !text.starts_with(['"', '@'])
}

fn is_collection(scope: &Scope, ty: &Type, name: &str) -> bool {
    scope
        .datasets
        .get(name)
        .is_some_and(|dataset| dataset.ty == *ty)
}

fn from_json(ty: &Type, line: &str) -> Result<Tree> {
    let value = serde_json::from_str(line).or_exit(Exit::Input, || "no JSON")?;
    let value = json::from_json(ty, &value)?;
    Ok(Tree::Known(Encoded::from_value(ty.clone(), &value)?))
}

fn shorten(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// There is nothing to map over.
pub(crate) fn none() -> Failed {
    Failed::input(
        "nothing to map over: give items, --files 'PATTERN', or --input FILE (`-` for stdin)",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::expression::Dataset;

    fn scope() -> Scope {
        let dataset = Dataset {
            ty: Type::U32,
            len: 2,
        };
        Scope {
            datasets: [("xs".to_owned(), dataset)].into(),
            ..Scope::default()
        }
    }

    fn known(ty: &str, text: &str) -> Tree {
        Scope::default().value(&ty.parse().unwrap(), text).unwrap()
    }

    #[test]
    fn items_are_wave_and_collections_are_taken_apart() {
        let texts = ["1", "@xs", "@xs[1]"].map(str::to_owned);
        let items = typed(&scope(), &Type::U32, &texts).unwrap();
        let future = |index| {
            Tree::Future(FutureRef {
                dataset: "xs".into(),
                index,
            })
        };
        assert_eq!(items, [known("u32", "1"), future(0), future(1), future(1)]);
        let error = typed(&scope(), &Type::U32, &["x".into()]).unwrap_err();
        assert!(
            error.to_string().starts_with("item 1, `x`: wave text"),
            "{error}"
        );
    }

    #[test]
    fn strings_need_no_quotes() {
        let texts = ["to be", "\"or \\\"not\\\"\"", "a_b"].map(str::to_owned);
        let items = typed(&scope(), &Type::String, &texts).unwrap();
        assert_eq!(
            items,
            [
                Tree::Text("to be".into()),
                known("string", "\"or \\\"not\\\"\""),
                Tree::Text("a_b".into())
            ]
        );
    }

    #[test]
    fn lines_are_items() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items.txt");
        fs::write(&path, "1\n\n2\n").unwrap();
        let items = lines(&scope(), &Type::U32, &path).unwrap();
        assert_eq!(items, [known("u32", "1"), known("u32", "2")]);
        let path = folder.path().join("items.jsonl");
        fs::write(&path, "[1, null]\n[2, 3]\nx\n").unwrap();
        let ty: Type = "tuple<u8, option<u8>>".parse().unwrap();
        let error = lines(&scope(), &ty, &path).unwrap_err().to_string();
        assert!(error.contains("items.jsonl, line 3: no JSON"), "{error}");
        fs::write(&path, "[1, null]\n").unwrap();
        let items = lines(&scope(), &ty, &path).unwrap();
        assert_eq!(items, [known("tuple<u8, option<u8>>", "(1, none)")]);
    }
}
