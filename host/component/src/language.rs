//! In which language a component was written, as far as its toolchain has noted that: what helps a
//! person depends on it.

use wasmparser::{KnownCustom, Parser, Payload, ProducersSectionReader};

/// A language for which there is an advice of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    // The runtimes of the first two are written in those that come after.
    JavaScript,
    Python,
    Rust,
    C,
}

impl Language {
    /// Of a component or a core module.
    pub(crate) fn of(binary: &[u8]) -> Option<Self> {
        let payloads = Parser::new(0).parse_all(binary).map_while(Result::ok);
        let producers = payloads.filter_map(|payload| match payload {
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::Producers(producers) => Some(producers),
                _ => None,
            },
            _ => None,
        });
        producers.filter_map(Self::noted).min()
    }

    fn noted(producers: ProducersSectionReader<'_>) -> Option<Self> {
        let (mut noted, mut says_language, mut is_of_clang) = (None, false, false);
        for field in producers.into_iter().map_while(Result::ok) {
            says_language |= field.name == "language";
            for value in field.values.into_iter().map_while(Result::ok) {
                is_of_clang |= value.name == "clang";
                noted = noted.into_iter().chain(Self::by_name(value.name)).min();
            }
        }
        // Compilers of other languages go by way of clang, and say so.
        noted.or((is_of_clang && !says_language).then_some(Self::C))
    }

    /// Of a language or of a tool.
    fn by_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "javascript" | "componentizejs" => Some(Self::JavaScript),
            "python" | "componentize-py" => Some(Self::Python),
            "rust" | "rustc" => Some(Self::Rust),
            // `C11`, `C_plus_plus_14`.
            _ if name.starts_with("c_plus_plus") => Some(Self::C),
            _ => {
                let year = name.strip_prefix('c')?;
                let is_year = !year.is_empty() && year.bytes().all(|digit| digit.is_ascii_digit());
                is_year.then_some(Self::C)
            }
        }
    }

    /// How a core module becomes a component.
    pub(crate) fn to_component(language: Option<Self>) -> &'static str {
        match language {
            Some(Self::Rust) => "build it with `--target wasm32-wasip2`, which makes a component",
            Some(Self::C) => {
                "link the `..._component_type.o` that `wit-bindgen c` writes beside its glue"
            }
            _ => {
                "build it as a component, or embed its world with `wasm-tools component embed \
                 WIT_DIR --world WORLD module.wasm -o with-world.wasm` and load that"
            }
        }
    }

    /// What to do about HTTP, which tasks do not have.
    pub(crate) fn without_http(language: Option<Self>) -> &'static str {
        match language {
            Some(Self::JavaScript) => {
                "tasks have no HTTP; build with `componentize-js -d http -d fetch-event`"
            }
            Some(Self::Python) => {
                "tasks have no HTTP; take it out of the world that `componentize-py -w` names"
            }
            _ => "tasks have no HTTP; fetch before, and pass what came as an argument",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with such a section, as toolchains write it.
    fn module(fields: &[(&str, &[&str])]) -> Vec<u8> {
        let fields = fields.iter().map(|(field, values)| {
            let values: String = values
                .iter()
                .map(|value| format!(" (processed-by \"{value}\" \"1\")"))
                .collect();
            values.replace("processed-by", field)
        });
        let fields: String = fields.collect();
        wat::parse_str(format!("(module (@producers{fields}))")).unwrap()
    }

    #[test]
    fn languages_are_known_by_what_toolchains_note() {
        for (fields, language) in [
            (&[("language", &["Rust"][..])][..], Some(Language::Rust)),
            (&[("processed-by", &["rustc"])], Some(Language::Rust)),
            (&[("language", &["C11"])], Some(Language::C)),
            (&[("language", &["C_plus_plus_14"])], Some(Language::C)),
            (&[("processed-by", &["clang"])], Some(Language::C)),
            (
                &[("language", &["Swift"]), ("processed-by", &["clang"])],
                None,
            ),
            (
                &[
                    ("language", &["C11", "Rust"]),
                    ("processed-by", &["ComponentizeJS"]),
                ],
                Some(Language::JavaScript),
            ),
            (
                &[
                    ("language", &["Cobol"]),
                    ("processed-by", &["wit-component"]),
                ],
                None,
            ),
            (&[], None),
        ] {
            assert_eq!(Language::of(&module(fields)), language, "{fields:?}");
        }
        assert_eq!(Language::of(b"\0asm nothing"), None);
    }
}
