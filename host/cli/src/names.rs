//! Names of results on the cluster.

use wask_client::{Client, Encoded, Future};
use wask_value::{Type, Value};

use crate::{
    args::NameArgs,
    exit::{Exit, Failed, Result},
};

/// Letters that are not taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// Letters of a generated name: three while few are in use.
const SHORT: usize = 3;
const LONG: usize = 8;

/// The name that a result will have: that of `--as`, or a generated one, `t-7k2`. It is checked
/// before anything runs that it is free.
pub(crate) async fn choose(client: &Client, args: &NameArgs) -> Result<String> {
    let used: Vec<String> = client
        .datasets()
        .await?
        .into_iter()
        .map(|dataset| dataset.name)
        .collect();
    match &args.name {
        Some(name) if used.contains(name) && !args.replace => Err(Failed::input(format!(
            "`@{name}` is in use; choose another name, release it with `wask release @{name}`, or \
             take it with --replace"
        ))),
        Some(name) => Ok(name.clone()),
        None => {
            let is_free = |name: &String| !used.contains(name);
            let mut name = generate(SHORT)?;
            for _ in 0..SHORT {
                if is_free(&name) {
                    return Ok(name);
                }
                name = generate(SHORT)?;
            }
            generate(LONG)
        }
    }
}

fn generate(letters: usize) -> Result<String> {
    let mut random = [0; LONG];
    fill_random(&mut random)?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let name: String = random.iter().take(letters).map(letter).collect();
    Ok(format!("t-{name}"))
}

/// Random bytes, fit for secrets.
fn fill_random(bytes: &mut [u8]) -> Result {
    getrandom::fill(bytes).map_err(|error| {
        Failed::message(
            Exit::Machine,
            format!("the system gives no random bytes: {error}"),
        )
    })
}

/// A name that this command has before its results are there, so that nobody else takes it
/// meanwhile.
pub(crate) struct Reserved {
    client: Client,
    name: String,
    /// Whether it names nothing yet. What is replaced stays until the end.
    is_ours: bool,
}

impl Reserved {
    pub(crate) async fn new(client: &Client, args: &NameArgs) -> Result<Self> {
        let name = choose(client, args).await?;
        let is_ours = !args.replace;
        if is_ours {
            // A dataset has a future: this one is of nothing, which fits nowhere by mistake.
            let nothing = Encoded::from_value(Type::unit(), &Value::unit())?;
            let placeholder = client.scatter_encoded([nothing]).await?;
            publish(client, &name, false, &placeholder).await?;
        }
        Ok(Self {
            client: client.clone(),
            name,
            is_ours,
        })
    }

    /// Gives the name its results.
    pub(crate) async fn publish(&self, futures: &[Future]) -> Result<String> {
        publish(&self.client, &self.name, true, futures).await?;
        Ok(self.name.clone())
    }

    /// Lets others have it.
    pub(crate) async fn give_up(self) {
        if self.is_ours {
            // What failed before is what there is to be told.
            let _ = self.client.unpublish(&self.name).await;
        }
    }
}

/// Names futures.
pub(crate) async fn publish(
    client: &Client,
    name: &str,
    replace: bool,
    futures: &[Future],
) -> Result {
    match replace {
        true => client.replace(name, futures).await?,
        false => client.publish(name, futures).await?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_can_be_typed() {
        for letters in [SHORT, LONG] {
            let name = generate(letters).unwrap();
            assert_eq!(name.len(), letters + 2);
            assert!(crate::expression::is_name(&name), "{name}");
        }
        assert_ne!(generate(LONG).unwrap(), generate(LONG).unwrap());
    }
}
