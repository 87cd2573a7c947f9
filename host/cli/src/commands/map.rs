//! `wask map`

use std::path::{Path, PathBuf};

use clap::Args;
use wask_client::Client;
use wask_value::Type;

use crate::{
    args::{ClusterArgs, LimitArgs, NameArgs, OutputArgs, SourceArgs, units},
    cluster::{Choice, Cluster, Context},
    component::{Call, Signature, Target},
    exit::{Failed, Result},
    expression::{Scope, Template},
    interrupt::or_signal,
    items,
    job::{self, Done, Items, Job, Manner, Reduce, Sink, Step, scatter_large},
    names::Reserved,
    output::Output,
};

/// Run a function on many items, and reduce the results
///
/// One task for each item, on the cluster; with none named or up, on one in this process with a
/// slot for each processor. Results are printed in the order of the items, one a line. With
/// --reduce they are combined, some at a time, until one is left, and only that is printed. Each
/// result is printed as soon as it and those before it are known. The first task that fails ends it,
/// unless --keep-going is given, and the rest is cancelled; so does Ctrl-C.
#[derive(Args, Debug)]
#[command(after_help = "\
`_` in the call is what is mapped over; with several `_`, the same item stands in each. A bare name
means one: `count-words` is 'count-words(_)'. An item is WAVE; where a string is wanted, text that
does not begin with a quote or `@` is taken as it stands. A collection, @NAME, is an item for each
of its results.

--files takes a pattern as a shell does, `**` for any folders, {a,b}, no hidden files; in quotes, or
the shell replaces it first. Each file is read once, by whatever names it is found. All are checked
before anything runs: those that are to be strings must be UTF-8. Files above 1 MiB are stored on a
worker first. --files-from takes the names that `find` and `fd` print.

Lines of --input are data: `@` and quotes in them mean nothing. An empty line is an empty text.

--reduce takes a function with a list parameter of what the map gives, that returns the same.

Examples:
  wask map words.wasm count-words --files 'src/**/*.rs' --reduce merge --json
  wask map math.wasm 'power(_, 3)' 1 2 3 4
  wask map words.wasm count-words 'to be' 'or not to be'
  wask map geo.wasm 'distance(_, {x: 0.0, y: 0.0})' --input points.jsonl
  ls | wask map words.wasm count-words --input -
  wask map thumbs.wasm shrink --files 'photos/**' --keep-going --errors failed.txt
  wask map thumbs.wasm shrink --files-from failed.txt         those that failed, once more
  wask map words.wasm count-words @texts --as counts        results stay on the cluster")]
pub(crate) struct MapArgs {
    /// A file, or what the cluster knows by a name or `blake3:…`
    component: String,

    /// FUNCTION or 'FUNCTION(_, ..)', with `_` for what is mapped over
    #[arg(value_name = "FUNCTION")]
    call: String,

    /// What is mapped over: WAVE, text, @NAME
    #[arg(value_name = "ITEM")]
    items: Vec<String>,

    #[command(flatten)]
    sources: SourceArgs,

    /// Combine the results with this function: FUNCTION, or 'FUNCTION(_, ..)' with `_` for a list
    #[arg(long, value_name = "FUNCTION")]
    reduce: Option<String>,

    /// How many results are combined at a time
    #[arg(long, value_name = "N", default_value = "16", value_parser = fan_in)]
    fan_in: usize,

    #[command(flatten)]
    name: NameArgs,

    /// Return as soon as all is submitted; needs --as
    #[arg(long, requires = "name")]
    detach: bool,

    #[command(flatten)]
    failing: FailingArgs,

    #[command(flatten)]
    telling: TellingArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// What becomes of a job in which an item fails.
#[derive(Args, Debug)]
#[command(next_help_heading = "Failures")]
struct FailingArgs {
    /// Run all items even if some fail: the failures stand where their results would
    #[arg(long, conflicts_with_all = ["reduce", "detach"])]
    keep_going: bool,

    /// Write the items that failed to a file, which --input or --files-from takes
    #[arg(long, value_name = "FILE", requires = "keep_going")]
    errors: Option<PathBuf>,
}

/// How results are told.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
struct TellingArgs {
    /// Write the item, or the name of its file, in front of each result
    #[arg(long, conflicts_with_all = ["reduce", "name", "raw"])]
    tag: bool,

    /// Write results as they finish, and not in the order of the items
    #[arg(long, conflicts_with_all = ["reduce", "name"])]
    unordered: bool,
}

fn fan_in(text: &str) -> Result<usize, String> {
    match units::at_least_one(text)? {
        1 => Err("at least 2, or nothing would be combined".into()),
        number => Ok(number),
    }
}

pub(crate) async fn run(args: MapArgs, context: &Context) -> Result {
    let choice = match args.name.name {
        Some(_) => Choice::lasting(context, &args.cluster)?,
        None => Choice::any(context, &args.cluster)?,
    };
    let mut cluster = Cluster::new(context, choice);
    let mut name = None;
    let outcome = or_signal(map(&args, context, &mut cluster, &mut name)).await;
    // What has its results is not reserved any more.
    if let Some(name) = name {
        name.give_up().await;
    }
    // Ends what still runs for it, and stops the thread that submits.
    cluster.close().await;
    outcome
}

async fn map(
    args: &MapArgs,
    context: &Context,
    cluster: &mut Cluster,
    reserved: &mut Option<Reserved>,
) -> Result {
    let mut output = Output::open(&args.output)?;
    if args.reduce.is_none() {
        output.separate(args.sources.null_data);
    }
    let plan = Plan::read(args, cluster).await?;
    if args.name.name.is_none() {
        output.check(&plan.result)?;
    }
    let (sources, texts) = (&args.sources, &args.items);
    let items = items::read(context, sources, texts, &plan.scope, &plan.item).await?;
    if items.len() == 0 {
        if let (Some(name), true) = (&args.name.name, args.name.replace) {
            // What it names is not what was asked for now. There may be nothing.
            let _ = cluster.client().await?.unpublish(name).await;
        }
        return output.finish();
    }
    let mut failed_items = match &args.failing.errors {
        Some(path) if path == Path::new("-") || Some(path) == args.output.output.as_ref() => {
            return Err(Failed::input("--errors needs a file of its own"));
        }
        Some(path) => Some(Output::file(path)?),
        None => None,
    };
    let client = cluster.client().await?;
    cluster.warn_without_workers().await?;
    if args.name.name.is_some() {
        *reserved = Some(Reserved::new(&client, &args.name).await?);
    }
    let item_names = items.names();
    let done = run_job(args, context, cluster, plan, items, &mut output).await?;
    if let Some(name) = reserved {
        let name = name.publish(&done.kept).await?;
        // From now on it has its results, whatever comes.
        *reserved = None;
        output.line(format_args!("@{name}"))?;
    }
    output.finish()?;
    if !args.detach {
        context.note(&done.summary);
    }
    let mut null_data = false;
    if let Some(output) = &mut failed_items {
        let texts = done.failures.keys().map(|index| item_names.bytes(*index));
        let texts: Vec<&[u8]> = texts.collect();
        // What a line cannot hold ends with a null byte.
        null_data = args.sources.null_data || texts.iter().any(|text| text.contains(&b'\n'));
        output.separate(null_data);
        texts.iter().try_for_each(|text| output.bytes(text))?;
    }
    if let Some(output) = failed_items {
        output.finish()?;
    }
    match done.failures.len() {
        0 => Ok(()),
        failed => Err(job::some_failed(
            &done,
            failed,
            args.failing.errors.as_deref(),
            null_data,
        )),
    }
}

async fn run_job(
    args: &MapArgs,
    context: &Context,
    cluster: &mut Cluster,
    plan: Plan,
    items: Items,
    output: &mut Output,
) -> Result<Done> {
    let client = cluster.client().await?;
    let job = plan.into_job(args, cluster, client, items).await?;
    let sink = match (&args.name.name, args.detach) {
        (_, true) => Sink::Leave,
        (Some(_), false) => Sink::Keep,
        (None, false) => Sink::Write(output),
    };
    let manner = Manner {
        tag: args.telling.tag,
        unordered: args.telling.unordered,
        keep_going: args.failing.keep_going,
    };
    Box::pin(job::run(job, sink, manner, context.quiet)).await
}

/// What is to run, checked as far as possible before there is a connection.
struct Plan {
    target: Target,
    map: (Signature, Template),
    reduce: Option<(Signature, Template)>,
    /// For items.
    scope: Scope,
    /// What `_` stands for.
    item: Type,
    /// Of what is printed.
    result: Type,
}

impl Plan {
    async fn read(args: &MapArgs, cluster: &mut Cluster) -> Result<Self> {
        let target = Target::load(&args.component)?;
        let call = Call::parse(&args.call)?;
        let function = target.function(cluster, call.name).await?;
        let texts = call.mapped(&function)?;
        let scope = cluster.scope(&texts, true).await?;
        let template = scope.arguments(&function.name, &function.ty, &texts)?;
        let Some(item) = template.item.clone() else {
            return Err(Failed::input("write `_` for what is mapped over"));
        };
        let result = function.ty.value_type();
        let reduce = match &args.reduce {
            Some(text) => Some(reducer(&target, cluster, text, &function, &result).await?),
            None => None,
        };
        let items: Vec<&str> = args.items.iter().map(String::as_str).collect();
        let scope = match item {
            // Only a name at the front is a reference: the rest is text.
            Type::String => {
                let names = items.into_iter().filter(|text| text.starts_with('@'));
                cluster.scope(&names.collect::<Vec<_>>(), false).await?
            }
            _ => cluster.scope(&items, false).await?,
        };
        Ok(Self {
            target,
            map: (function, template),
            reduce,
            scope,
            item,
            result,
        })
    }

    async fn into_job(
        self,
        args: &MapArgs,
        cluster: &Cluster,
        client: Client,
        items: Items,
    ) -> Result<Job> {
        let component = self.target.on(&client).await?;
        let mut datasets = cluster.datasets().clone();
        let mut steps = Vec::new();
        for (signature, mut template) in [self.map].into_iter().chain(self.reduce) {
            scatter_large(&client, &mut template.arguments, &mut datasets).await?;
            let function = signature.of(&component, args.limits.for_cluster())?;
            steps.push(Step { function, template });
        }
        let mut steps = steps.into_iter();
        let Some(map) = steps.next() else {
            return Err(Failed::input("nothing to map"));
        };
        let fan_in = args.fan_in;
        Ok(Job {
            client,
            datasets,
            map,
            items,
            reduce: steps.next().map(|step| Reduce { step, fan_in }),
        })
    }
}

/// The function that combines results, whose types must fit those of the map.
async fn reducer(
    target: &Target,
    cluster: &mut Cluster,
    text: &str,
    map: &Signature,
    result: &Type,
) -> Result<(Signature, Template)> {
    let call = Call::parse(text)?;
    let function = target.function(cluster, call.name).await?;
    let texts = call
        .mapped(&function)
        .map_err(|failed| failed.context("--reduce"))?;
    let scope = cluster.scope(&texts, true).await?;
    let template = scope.arguments(&function.name, &function.ty, &texts)?;
    let list = Type::list(result.clone());
    let Signature { name, ty } = &function;
    if template.item.as_ref() != Some(&list) {
        return Err(Failed::input(format!(
            "--reduce {name} must take a list of what `{}` gives, {list}, but it is {ty}",
            map.name
        )));
    }
    if ty.value_type() != *result {
        return Err(Failed::input(format!(
            "--reduce {name} must return what it combines, {result}, so that its results can be \
             combined again, but it is {ty}"
        )));
    }
    Ok((function, template))
}
