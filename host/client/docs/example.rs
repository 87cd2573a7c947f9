// What the examples of managing-computation.md share, and readers need not see: a cluster, a client
// of it, and the component numbers.wat.

use std::error::Error as StdError;

use wask::{Client, Component, LocalCluster};

const NUMBERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client/docs/numbers.wat");

fn example(run: impl AsyncFnOnce(Client, Component) -> Result<(), Box<dyn StdError>>) {
    let all = async {
        let cluster = LocalCluster::builder().workers(2).slots(1).start().await?;
        let client = cluster.client().await?;
        let numbers = client.upload(NUMBERS).await?;
        run(client, numbers).await?;
        cluster.shutdown().await;
        Ok::<(), Box<dyn StdError>>(())
    };
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(all)
        .unwrap();
}
