use super::*;
use crate::{
    Delayed, Function, Options, Partitions,
    lazy::submit,
    sum,
    testing::{self, finished, session, tell},
};

fn function(label: &str) -> Function {
    testing::function("func(a: u64, b: u64) -> u64").with(Options::new().label(label))
}

/// A call of each kind, and futures in two states.
fn mixed() -> Delayed {
    let session = session();
    let f = function("say \"<hello>\" & \\go");
    let submitted = |n: u64| {
        let call = f.delayed((n, n)).unwrap();
        submit(&session, &[call.input().unwrap().clone()])
            .unwrap()
            .remove(0)
    };
    let [a, b] = [submitted(1), submitted(2)];
    tell(&a, finished(&[0; 8]));
    let a = Delayed::new(Ok(Input::Future(a)));
    let b = Delayed::new(Ok(Input::Future(b)));
    let values = Partitions::from_values([1u64, 2], 1).unwrap();
    let sum = sum::<crate::Dynamic>([&a, &b]);
    function("join")
        .delayed((sum, values.sum().dynamic()))
        .unwrap()
}

#[test]
fn a_graph_in_dot() {
    insta::assert_snapshot!(visualize(&mixed()).unwrap().dot());
}

#[test]
fn a_graph_in_svg() {
    let svg = visualize(&mixed()).unwrap().svg();
    assert_eq!(svg, visualize(&mixed()).unwrap().svg());
    insta::assert_snapshot!(svg);
}

#[test]
fn equal_calls_are_one_and_what_is_asked_for_is_marked() {
    let f = function("f");
    let once = || f.delayed((1, 2)).unwrap();
    let both = vec![f.delayed((once(), once())).unwrap(), once()];
    let picture = visualize(&both).unwrap();
    assert_eq!(picture.shapes.len(), 2);
    assert_eq!(picture.edges, BTreeSet::from([(0, 1)]));
    assert!(picture.shapes.iter().all(|shape| shape.is_root));
}

#[test]
fn large_graphs_are_drawn_in_groups_or_refused_with_advice() {
    let numbers = Partitions::from_values(0..1000u64, 400).unwrap();
    let picture = visualize(&vec![numbers.sum().dynamic()]).unwrap();
    let labels: Vec<String> = picture
        .shapes
        .iter()
        .map(|shape| shape.lines().concat())
        .collect();
    assert_eq!(labels[..2], ["values × 400", "sum × 400"]);
    assert!(picture.edges.contains(&(0, 1)), "{:?}", picture.edges);

    let labelled = (0..400u64).map(|n| function(&format!("f{n}")).delayed((n, n)).unwrap());
    let shapes = visualize(&labelled.collect::<Vec<_>>()).unwrap().shapes;
    assert_eq!(
        (shapes.len(), shapes[0].lines().concat()),
        (1, "f × 400".to_owned())
    );

    let f = function("f");
    let mut last = f.delayed((0, 0)).unwrap();
    for n in 1..=SHAPES as u64 {
        last = f.delayed((&last, n)).unwrap();
    }
    let error = visualize(&last).unwrap_err().to_string();
    assert!(error.contains("301 nodes"), "{error}");
    assert!(error.contains("draw a part"), "{error}");
}
