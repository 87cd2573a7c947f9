//! The component `word-count`: counts words in texts, and adds such counts up.
//!
//! [`words`] does the work and knows nothing of components; [`component`] exports it.

pub mod words;

#[cfg(target_family = "wasm")]
mod component {
    use crate::words;

    wit_bindgen::generate!({ path: "wit", world: "word-count" });

    struct Component;

    impl Guest for Component {
        fn count_words(text: String) -> Vec<(String, u32)> {
            words::count(&text)
        }

        fn merge(parts: Vec<Vec<(String, u32)>>) -> Vec<(String, u32)> {
            words::merge(parts)
        }
    }

    export!(Component);
}
