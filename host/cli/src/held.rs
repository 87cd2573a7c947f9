//! Results that the cluster keeps, as commands name them: `@name`, `@name[3]`.

use wask_client::{Client, Dataset, Error, Future};

use crate::{
    cluster::unknown_dataset,
    exit::{Failed, Result},
    expression::{Reference, no_such_dataset},
};

/// A result, or a whole collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) name: String,
    pub(crate) index: Option<usize>,
}

/// Reads `@name` or `@name[3]`; the `@` may be left out.
pub(crate) fn held(text: &str) -> Result<Held, String> {
    let reference = match text.starts_with('@') {
        true => Reference::parse(text),
        false => Reference::parse(&format!("@{text}")),
    };
    match reference {
        Ok(Some(Reference::Dataset { name, index })) => Ok(Held { name, index }),
        _ => Err("write @NAME or @NAME[3]; `wask datasets` lists them".into()),
    }
}

/// Reads `@name` where a part of it makes no sense.
pub(crate) fn whole(text: &str) -> Result<String, String> {
    match held(text)? {
        Held { name, index: None } => Ok(name),
        Held { name, .. } => Err(format!("this is for all of `@{name}`")),
    }
}

impl Held {
    /// The futures that are meant.
    pub(crate) async fn futures(&self, client: &Client) -> Result<Vec<Future>> {
        let Dataset { futures, .. } = match client.dataset(&self.name).await {
            Ok(dataset) => dataset,
            Err(error) => return Err(unknown_dataset(client, &self.name, error).await),
        };
        match self.index {
            None => Ok(futures),
            Some(index) => match futures.get(index) {
                Some(future) => Ok(vec![future.clone()]),
                None => Err(Failed::input(format!(
                    "`@{}[{index}]` does not exist: `@{}` holds {}, counted from 0",
                    self.name,
                    self.name,
                    futures.len()
                ))),
            },
        }
    }
}

/// Gives a name up.
pub(crate) async fn unpublish(client: &Client, name: &str) -> Result {
    match client.unpublish(name).await {
        Ok(()) => Ok(()),
        Err(error @ Error::Refused(_)) => Err(unknown_dataset(client, name, error).await),
        Err(error) => Err(error.into()),
    }
}

/// Checks that all names exist, so that nothing happens where one does not.
pub(crate) async fn check_all(client: &Client, names: &[String]) -> Result {
    let known = client.datasets().await?;
    for name in names {
        if !known.iter().any(|dataset| dataset.name == *name) {
            let known = known.iter().map(|dataset| dataset.name.as_str());
            return Err(no_such_dataset(name, known));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_at_may_be_left_out() {
        let counts = |index| {
            Ok(Held {
                name: "counts".into(),
                index,
            })
        };
        assert_eq!(held("@counts"), counts(None));
        assert_eq!(held("counts"), counts(None));
        assert_eq!(held("@counts[3]"), counts(Some(3)));
        assert_eq!(whole("@counts"), Ok("counts".into()));
        assert!(
            whole("@counts[1]")
                .unwrap_err()
                .contains("all of `@counts`")
        );
        for text in ["", "@", "@stdin", "_", "a b", "@counts[x]"] {
            assert!(held(text).is_err(), "{text}");
        }
    }
}
