//! Whatever a peer can make grow stands in a table of ARCHITECTURE.md, with its limit.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use quote::ToTokens;

use crate::sources::{is_test, sources};

/// Where there is state that peers can make grow.
const FOLDERS: [&str; 5] = [
    "host/scheduler/src",
    "host/worker/src",
    "host/rpc/src",
    "host/core/src/scheduler",
    "host/core/src/worker",
];
const TABLE: &str = "## What a peer can make grow";
/// What holds any number of things. Of channels, those of `mpsc`.
const COLLECTIONS: [&str; 19] = [
    "BTreeMap",
    "BTreeSet",
    "BinaryHeap",
    "BytesMut",
    "FuturesUnordered",
    "HashMap",
    "HashSet",
    "HashTable",
    "IndexMap",
    "JoinSet",
    "KeyMap",
    "LruCache",
    "Slab",
    "SmallSet",
    "TaskSet",
    "Vec",
    "VecDeque",
    "mpsc",
    "Inbox",
];

#[test]
fn what_a_peer_can_make_grow_is_in_the_table() {
    let root = Path::new("../..");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let (_, rest) = text
        .split_once(TABLE)
        .expect("ARCHITECTURE.md has the table");
    let table = rest.split("\n## ").next().unwrap_or_default();
    // In the second column, between backticks: a type, or a type and a field of it.
    let cells = table.lines().filter_map(|row| row.split('|').nth(2));
    let named = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let named: BTreeSet<&str> = named.collect();
    let found = Found::in_folders(root);
    let is_named = |place: &String| {
        let (ty, _) = place.split_once("::").unwrap_or((place, ""));
        named.contains(place.as_str()) || named.contains(ty)
    };
    let missing: Vec<_> = found
        .fields
        .iter()
        .filter(|(place, _)| !is_named(place))
        .collect();
    assert!(
        missing.is_empty(),
        "these grow and stand in no row of \"{TABLE}\" in ARCHITECTURE.md; say what bounds them: \
         {missing:#?}"
    );
    // A name that means nothing any more hides what has taken its place.
    let types: BTreeSet<&str> = found
        .fields
        .keys()
        .filter_map(|place| Some(place.split_once("::")?.0))
        .collect();
    let stale: Vec<_> = named
        .iter()
        .filter(|name| !found.fields.contains_key(**name) && !types.contains(*name))
        .collect();
    assert!(
        stale.is_empty(),
        "the table names what is not there: {stale:?}"
    );
}

/// Fields that hold collections, as `Type::field`, and the files that they are in.
#[derive(Default)]
struct Found {
    fields: BTreeMap<String, PathBuf>,
}

impl Found {
    fn in_folders(root: &Path) -> Self {
        let mut found = Self::default();
        let folders = FOLDERS.iter().map(|folder| root.join(folder));
        let paths = folders.flat_map(|folder| sources(&folder));
        for path in paths.filter(|path| !is_test(path)) {
            let parsed = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut collections = BTreeSet::from(COLLECTIONS.map(String::from));
            for item in &parsed.items {
                // A name that this file gives to a collection.
                if let syn::Item::Type(alias) = item
                    && is_one_of(&collections, &alias.ty)
                {
                    collections.insert(alias.ident.to_string());
                }
            }
            for item in &parsed.items {
                found.look_at(&path, &collections, item);
            }
        }
        found
    }

    fn look_at(&mut self, path: &Path, collections: &BTreeSet<String>, item: &syn::Item) {
        let (of, fields): (_, Vec<_>) = match item {
            syn::Item::Struct(item) => (&item.ident, item.fields.iter().collect()),
            syn::Item::Enum(item) => {
                let variants = item.variants.iter();
                let fields = variants.flat_map(|variant| &variant.fields);
                (&item.ident, fields.collect())
            }
            _ => return,
        };
        for (index, field) in fields.into_iter().enumerate() {
            if is_one_of(collections, &field.ty) {
                let name = match &field.ident {
                    Some(name) => name.to_string(),
                    None => index.to_string(),
                };
                self.fields.insert(format!("{of}::{name}"), path.to_owned());
            }
        }
    }
}

fn is_one_of(collections: &BTreeSet<String>, ty: &syn::Type) -> bool {
    let text = ty.to_token_stream().to_string();
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| collections.contains(word))
}
