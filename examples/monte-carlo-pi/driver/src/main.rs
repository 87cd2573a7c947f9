//! Estimates pi by throwing points at a square, until the estimate is precise enough.
//!
//! ```sh
//! monte-carlo-pi-driver target/guests/pi.wat PRECISION [SCHEDULER]
//! ```
//!
//! Runs on a cluster inside this process, and unchanged on the one that `SCHEDULER` or the
//! variable `WASK_SCHEDULER` names, such as `tcp://127.0.0.1:8786`.

use std::{
    env,
    io::{Write, stdout},
};

use anyhow::{Context, Result, ensure};
use wask::{Client, LocalCluster, compute, each, max, min};

/// How many points one task throws.
const POINTS: u64 = 250_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ([component, precision] | [component, precision, _]) = arguments.as_slice() else {
        anyhow::bail!("usage: monte-carlo-pi-driver COMPONENT PRECISION [SCHEDULER]");
    };
    let precision: f64 = precision
        .parse()
        .context("PRECISION is a number, such as 0.001")?;
    ensure!(precision >= 1e-5, "a precision beyond 0.00001 takes days");
    let named = arguments.get(2).cloned();
    match named.or_else(|| env::var("WASK_SCHEDULER").ok()) {
        Some(scheduler) => estimate(&Client::connect(scheduler).await?, component, precision).await,
        None => {
            let cluster = LocalCluster::start().await?;
            let done = estimate(&cluster.client().await?, component, precision).await;
            cluster.shutdown().await;
            done
        }
    }
}

async fn estimate(client: &Client, component: &str, precision: f64) -> Result<()> {
    let library = client.upload(component).await?;
    let inside = library.function("inside")?.returning::<u64>()?;

    // One task tells about how many it takes. Its number is its seed.
    let first = client.submit(&inside, (0, POINTS))?;
    let few = Estimate::of(&[first.result().await?]);
    let rest = client.map(&inside, (each(1..few.tasks_for(precision)), POINTS))?;
    let mut tasks = vec![first];
    tasks.extend(rest);

    // As results come, whichever is first; as long as they do not do, one more is on its way.
    let mut estimate = Estimate::default();
    let mut completed = client.as_completed(&tasks).with_results();
    while let Some((_, hits)) = completed.next().await {
        estimate.add(hits?);
        eprint!("\r{:.5} ± {:.5}", estimate.pi(), estimate.error());
        if completed.left() == 0 && estimate.error() > precision {
            let more = client.submit(&inside, (tasks.len() as u64, POINTS))?;
            completed.add(&more);
            tasks.push(more);
        }
    }
    eprintln!();

    // All results are on the cluster still, for whatever else is to be known: without bringing
    // them here, and with.
    let (least, most) = compute((min(&tasks), max(&tasks))).await?;
    let hits: Vec<u64> = client.gather(&tasks).await?;
    let all = Estimate::of(&hits);
    let (pi, error, points) = (all.pi(), all.error(), all.points);
    writeln!(stdout(), "{pi:.5} ± {error:.5} from {points} points")?;
    let [least, most] = [least, most].map(|hits| Estimate::of(&[hits]).pi());
    writeln!(
        stdout(),
        "{} tasks, between {least:.5} and {most:.5}",
        hits.len()
    )?;
    Ok(())
}

/// What has been seen so far.
#[derive(Default)]
struct Estimate {
    inside: u64,
    points: u64,
}

impl Estimate {
    fn of(hits: &[u64]) -> Self {
        let mut estimate = Self::default();
        hits.iter().for_each(|hits| estimate.add(*hits));
        estimate
    }

    fn add(&mut self, hits: u64) {
        self.inside += hits;
        self.points += POINTS;
    }

    fn share(&self) -> f64 {
        self.inside as f64 / self.points as f64
    }

    fn pi(&self) -> f64 {
        4.0 * self.share()
    }

    /// The standard error.
    fn error(&self) -> f64 {
        4.0 * (self.share() * (1.0 - self.share()) / self.points as f64).sqrt()
    }

    /// About how many tasks it takes to be so precise.
    fn tasks_for(&self, precision: f64) -> u64 {
        let tasks = self.points / POINTS;
        tasks * (self.error() / precision).powi(2).ceil() as u64
    }
}
