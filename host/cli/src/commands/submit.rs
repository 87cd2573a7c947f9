//! `wask submit`

use clap::Args;

use crate::{
    args::{ClusterArgs, LimitArgs, NameArgs},
    cluster::{Choice, Cluster, Context},
    component::{Call, Target},
    exit::Result,
    job::{Places, scatter_large},
    names,
    output::Output,
};

/// Run a function on the cluster, and return at once
///
/// Prints the name of the result, which the cluster keeps: `@NAME` of --as, else a generated one
/// such as `@t-7k2`. It stands for the result in other calls.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask submit words.wasm 'count-words(@file(\"hamlet.txt\"))' --as hamlet
  wask submit words.wasm 'merge([@hamlet, @macbeth])' --as both
  wask result @both")]
pub(crate) struct SubmitArgs {
    /// A file, or what the cluster knows by a name or `blake3:…`
    component: String,

    /// FUNCTION or 'FUNCTION(ARGUMENT, ..)'
    #[arg(value_name = "CALL")]
    call: String,

    #[command(flatten)]
    name: NameArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: SubmitArgs, context: &Context) -> Result {
    let target = Target::load(&args.component)?;
    let call = Call::parse(&args.call)?;
    let mut cluster = Cluster::new(context, Choice::lasting(context, &args.cluster)?);
    let function = target.function(&mut cluster, call.name).await?;
    let texts = call.once(&function)?;
    let scope = cluster.scope(&texts, false).await?;
    let mut arguments = scope
        .arguments(&function.name, &function.ty, &texts)?
        .arguments;

    let client = cluster.client().await?;
    let name = names::choose(&client, &args.name).await?;
    let component = target.on(&client).await?;
    let function = function.of(&component, args.limits.for_cluster())?;
    let mut datasets = cluster.datasets().clone();
    scatter_large(&client, &mut arguments, &mut datasets).await?;
    let places = Places {
        datasets: &datasets,
        item: (),
    };
    let future = client.submit(&function, arguments.filled(&places))?;
    names::publish(&client, &name, args.name.replace, &[future]).await?;
    let mut output = Output::stdout(false);
    output.line(format_args!("@{name}"))?;
    output.finish()
}
