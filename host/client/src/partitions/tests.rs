use futures::executor::block_on;

use super::*;
use crate::{Component, Function, compute};

/// Numbers in, numbers out; and lists of them, by their sum.
const MATH: &str = include_str!("../../tests/math.wat");

fn function<R: WitType>(name: &str) -> Function<R> {
    let math = Component::load(MATH.as_bytes().to_vec()).unwrap();
    math.function(name).unwrap().returning().unwrap()
}

fn numbers(count: u32, parts: usize) -> Partitions<u32> {
    Partitions::from_values(0..count, parts).unwrap()
}

fn list<T: ListOf<List = Vec<T>> + serde::de::DeserializeOwned>(p: &Partitions<T>) -> Vec<T> {
    block_on(compute(p)).unwrap()
}

#[test]
fn what_is_done_to_elements_does_not_depend_on_the_parts() {
    let (double, odd) = (function::<u32>("double"), function::<bool>("odd"));
    for parts in [1, 2, 3, 10, 50] {
        let numbers = numbers(10, parts);
        assert_eq!(numbers.len(), parts.min(10));
        let doubled = numbers.map(&double).unwrap();
        assert_eq!(list(&doubled), (0..10).map(|n| 2 * n).collect::<Vec<_>>());
        let kept = list(&numbers.filter(&odd).unwrap());
        assert_eq!(kept, [1, 3, 5, 7, 9]);
        let twice = numbers.flat_map(&function::<Vec<u32>>("twice")).unwrap();
        assert_eq!(list(&twice)[..4], [0, 0, 1, 1]);
        let added = numbers.map_with(&function::<u32>("add"), (5,)).unwrap();
        assert_eq!(list(&added)[0], 5);
    }
}

#[test]
fn parts_come_together_in_trees() {
    let (add, total) = (function::<u32>("add"), function::<u32>("total"));
    for parts in [1, 2, 7, 100] {
        let numbers = numbers(101, parts);
        let sums = compute((
            numbers.sum(),
            numbers.count(),
            numbers.reduce(&add, 2).unwrap(),
            numbers.reduce(&total, 3).unwrap(),
            numbers.fold(7u32, &add).unwrap(),
        ));
        assert_eq!(block_on(sums).unwrap(), (5050, 101, 5050, 5050, 5057));
        let ends = compute((numbers.min(), numbers.max(), numbers.mean()));
        assert_eq!(block_on(ends).unwrap(), (0, 100, 50.0));
    }
}

#[test]
fn elements_stay_in_order_however_they_are_parted() {
    let all: Vec<u32> = (0..23).collect();
    for (from, to) in [(1, 4), (4, 1), (5, 3), (3, 5), (4, 4), (7, 40)] {
        let parted = numbers(23, from).repartition(to).unwrap();
        assert_eq!(
            (parted.len(), list(&parted)),
            (to, all.clone()),
            "{from} to {to}"
        );
    }
    assert_eq!(
        block_on(numbers(23, 5).take(7).compute()).unwrap(),
        all[..7]
    );
    let pairs = numbers(4, 2).zip(&numbers(4, 2)).unwrap();
    assert_eq!(list(&pairs)[3], (3, 3));
    let twice = numbers(3, 2).concat(&numbers(4, 1)).unwrap();
    assert_eq!(list(&twice), [0, 1, 2, 0, 1, 2, 3]);
    assert_eq!(list(&twice.distinct().unwrap()), [0, 1, 2, 3]);
}

#[test]
fn parts_may_be_cut_into_more_than_they_have_elements() {
    let parted = numbers(3, 1).repartition(8).unwrap();
    assert_eq!(parted.len(), 8);
    assert_eq!(list(&parted), [0, 1, 2]);
}

#[test]
fn types_are_checked_as_the_graph_is_built() {
    let texts = Partitions::from_values(["a".to_owned()], 1).unwrap();
    let error = texts
        .map(&function::<u32>("double"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("list<u32>, got") || error.contains("list<string>"),
        "{error}"
    );
    let error = numbers(1, 1)
        .filter(&function::<u32>("double"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("double: "), "{error}");
    let math = Component::load(MATH.as_bytes().to_vec()).unwrap();
    let error = numbers(1, 1).map_partitions(&math.function("total").unwrap());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("not a list"), "{error}");
    let error = numbers(1, 1)
        .reduce(&function::<u32>("double"), 2)
        .unwrap_err();
    assert!(error.to_string().contains("list<u32>"), "{error}");
    assert!(numbers(2, 2).zip(&numbers(2, 1)).is_err());
    assert!(numbers(2, 2).repartition(0).is_err());
    assert!(numbers(2, 2).typed::<u64>().is_err());
}

#[test]
fn a_failing_element_is_named() {
    let error = block_on(
        numbers(8, 2)
            .map(&function::<u32>("not-seven"))
            .unwrap()
            .sum()
            .compute(),
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("element 3") && error.contains("not-seven"),
        "{error}"
    );
}

#[test]
fn files_are_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::write(&a, "text").unwrap();
    std::fs::write(&b, [0xff]).unwrap();
    let bytes = Partitions::<Vec<u8>>::from_files([&a, &b]).unwrap();
    assert_eq!(list(&bytes), [b"text".to_vec(), vec![0xff]]);
    let error = Partitions::<String>::from_files([&a, &b])
        .unwrap_err()
        .to_string();
    assert!(error.contains("UTF-8 (at byte 0)"), "{error}");
    let error = Partitions::<String>::from_files(["none"])
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("the file none cannot be read"), "{error}");
}

#[test]
fn the_state_of_parts_is_shown() {
    let numbers = numbers(4, 2);
    assert_eq!(format!("{numbers:?}"), "Partitions<u32>(2: 2 lazy)");
    assert!(numbers.futures().is_none());
    assert_eq!(numbers.delayed().len(), 2);
}
