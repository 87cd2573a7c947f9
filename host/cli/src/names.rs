//! Names of results on the cluster.

use wask_client::{Client, Future};

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
