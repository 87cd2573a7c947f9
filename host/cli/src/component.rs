//! COMPONENT, as it is typed: a file, or what the cluster knows by a name or a digest.

use std::path::{Path, PathBuf};

use wask_client::{Client, Options};
use wask_component::Component;
use wask_value::{FunctionType, wave::split_call};

use crate::{
    cluster::Cluster,
    exit::{Failed, Result},
};

/// A component that was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A file, admitted.
    File(Component),
    /// A name, or `blake3:…`.
    Named(String),
}

/// Whether the text is a path rather than a name.
fn is_path(text: &str) -> bool {
    text.contains('/') || text.ends_with(".wasm") || text.ends_with(".wat")
}

impl Target {
    /// Reads and checks the component where it is a file.
    pub(crate) fn load(text: &str) -> Result<Self> {
        Self::load_in(Path::new(""), text)
    }

    /// As [`load`](Self::load), relative paths starting at a folder.
    pub(crate) fn load_in(folder: &Path, text: &str) -> Result<Self> {
        if is_path(text) {
            return load_file(&folder.join(text)).map(Self::File);
        }
        if text.is_empty() {
            return Err(Failed::input("the component's name is empty"));
        }
        Ok(Self::Named(text.to_owned()))
    }

    /// The component, where it is a file: for commands that use no cluster.
    pub(crate) fn file(self) -> Result<Component> {
        match self {
            Self::File(component) => Ok(component),
            Self::Named(name) => Err(Failed::input(format!(
                "`{name}` is no path, and this command runs here, without a cluster: write \
                 `./{name}` for a file, or use `wask submit` for a component that was pushed"
            ))),
        }
    }

    /// What the component exports under `name`, which needs the cluster for a component that only
    /// it has.
    pub(crate) async fn function(&self, cluster: &mut Cluster, name: &str) -> Result<Signature> {
        match self {
            Self::File(component) => {
                let function = component.function(name)?;
                Ok(Signature {
                    name: function.name.clone(),
                    ty: function.ty.clone(),
                })
            }
            Self::Named(component) => {
                let component = known(cluster, component).await?;
                let function = component.function(name)?;
                Ok(Signature {
                    name: function.name().to_owned(),
                    ty: function.ty().clone(),
                })
            }
        }
    }

    /// The component on the cluster, which is given it where it does not have it.
    pub(crate) async fn on(&self, client: &Client) -> Result<wask_client::Component> {
        Ok(match self {
            Self::File(component) => client.upload(component.clone()).await?,
            Self::Named(name) => client.component(name).await?,
        })
    }
}

/// A component that the cluster knows.
pub(crate) async fn known(cluster: &mut Cluster, name: &str) -> Result<wask_client::Component> {
    let component = cluster.client().await?.component(name).await;
    component.map_err(|error| {
        let failed = Failed::from(error);
        match PathBuf::from(name).is_file() {
            true => failed.context(format!("`{name}` is a name; for the file write `./{name}`")),
            false => failed,
        }
    })
}

/// Reads and checks a component.
pub(crate) fn load_file(path: &Path) -> Result<Component> {
    Component::from_file(path).map_err(|error| {
        let is_named = matches!(error, wask_component::Error::Read { .. });
        let failed = Failed::from(error);
        match is_named {
            true => failed,
            false => failed.context(path.display()),
        }
    })
}

/// A function that a component exports.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// Its full name.
    pub(crate) name: String,
    pub(crate) ty: FunctionType,
}

impl Signature {
    /// The function on the cluster, run with options.
    pub(crate) fn of(
        &self,
        component: &wask_client::Component,
        options: Options,
    ) -> Result<wask_client::Function> {
        Ok(component.function(&self.name)?.with(options))
    }
}

/// A call as typed, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) name: &'a str,
    /// None where a bare name stands for the call.
    pub(crate) arguments: Option<Vec<&'a str>>,
}

impl<'a> Call<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let call = split_call(text)?;
        Ok(Self {
            name: call.name,
            arguments: call.arguments,
        })
    }

    /// The arguments for a function of this type that is called once: a bare name is a call
    /// without arguments.
    pub(crate) fn once(&self, function: &Signature) -> Result<Vec<&'a str>> {
        match (&self.arguments, function.ty.params.len()) {
            (Some(arguments), _) => Ok(arguments.clone()),
            (None, 0) => Ok(Vec::new()),
            (None, _) => Err(Failed::input(format!(
                "`{}` needs arguments: write '{}(..)' in quotes; it is {}",
                function.name, function.name, function.ty
            ))),
        }
    }

    /// The arguments for a function that is mapped: a bare name has one hole.
    pub(crate) fn mapped(&self, function: &Signature) -> Result<Vec<&'a str>> {
        let Signature { name, ty } = function;
        match (&self.arguments, ty.params.len()) {
            (Some(arguments), _) if has_hole(arguments) => Ok(arguments.clone()),
            (Some(_), _) => Err(Failed::input(format!(
                "nothing in the call of `{name}` changes from task to task: write `_` for what is \
                 mapped over"
            ))),
            (None, 1) => Ok(vec!["_"]),
            (None, 0) => Err(Failed::input(format!(
                "`{name}` takes no arguments, so there is nothing to map over; use `wask submit`"
            ))),
            (None, _) => Err(Failed::input(format!(
                "`{name}` takes several arguments: write '{name}(_, ..)' with `_` for what is \
                 mapped over; it is {ty}"
            ))),
        }
    }
}

fn has_hole(arguments: &[&str]) -> bool {
    arguments
        .iter()
        .any(|text| crate::expression::has_item(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names_are_told_apart() {
        for text in ["./words", "a/b", "words.wasm", "words.wat"] {
            assert!(is_path(text), "{text}");
        }
        for text in ["words", "blake3:00ff", "demo-words.v2"] {
            assert!(!is_path(text), "{text}");
        }
    }

    fn signature(ty: &str) -> Signature {
        Signature {
            name: "f".into(),
            ty: ty.parse().unwrap(),
        }
    }

    #[test]
    fn a_bare_name_is_one_hole_or_no_arguments() {
        let bare = Call::parse("f").unwrap();
        let mapped = |ty: &str| bare.mapped(&signature(ty)).map_err(|e| e.to_string());
        assert_eq!(mapped("func(a: u8)"), Ok(vec!["_"]));
        assert!(
            mapped("func(a: u8, b: u8)")
                .unwrap_err()
                .contains("'f(_, ..)'")
        );
        assert!(
            mapped("func()")
                .unwrap_err()
                .contains("nothing to map over")
        );
        let once = |ty: &str| bare.once(&signature(ty)).map_err(|e| e.to_string());
        assert_eq!(once("func()"), Ok(vec![]));
        assert!(once("func(a: u8)").unwrap_err().contains("'f(..)'"));
    }

    #[test]
    fn a_call_that_is_mapped_has_a_hole() {
        let call = Call::parse("f(1, [_])").unwrap();
        let f = signature("func(a: u8, b: list<u8>)");
        assert_eq!(call.mapped(&f).unwrap(), ["1", "[_]"]);
        let call = Call::parse("f(1, \"_\")").unwrap();
        assert!(
            call.mapped(&f)
                .unwrap_err()
                .to_string()
                .contains("write `_`")
        );
    }

    #[test]
    fn a_name_does_not_run_here() {
        let error = Target::load("words").unwrap().file().unwrap_err();
        assert!(error.to_string().contains("write `./words`"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named_once() {
        let error = Target::load("/no/such.wasm").unwrap_err().to_string();
        assert_eq!(error.matches("/no/such.wasm").count(), 1, "{error}");
    }
}
