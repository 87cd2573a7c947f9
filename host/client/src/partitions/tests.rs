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
fn parts_without_elements_change_nothing() {
    let (add, odd) = (function::<u32>("add"), function::<bool>("odd"));
    for parts in [1, 2, 5, 10] {
        // Of 0 to 9 in ten parts, every other one has no element then.
        let odd = numbers(10, parts).filter(&odd).unwrap();
        let reduced = odd.reduce(&add, 3).unwrap();
        let all = compute((odd.min(), odd.max(), reduced, odd.count()));
        assert_eq!(block_on(all).unwrap(), (1, 9, 25, 5), "{parts} parts");
    }
    let none = numbers(10, 4).filter(&function::<bool>("never")).unwrap();
    let error = block_on(none.max().compute()).unwrap_err().to_string();
    assert!(error.contains("max: the list is empty"), "{error}");
    let error = block_on(none.reduce(&add, 2).unwrap().compute()).unwrap_err();
    assert!(error.to_string().contains("item"), "{error}");
    assert_eq!(
        block_on(compute((none.sum(), none.count()))).unwrap(),
        (0, 0)
    );
}

#[test]
fn there_may_be_more_parts_than_one_call_takes() {
    let numbers = numbers(5000, 2500);
    let all = compute((
        numbers.sum(),
        numbers.max(),
        numbers.count(),
        numbers.to_list(),
    ));
    let (sum, max, count, list) = block_on(all).unwrap();
    assert_eq!((sum, max, count), (4999 * 2500, 4999, 5000));
    assert_eq!(list, (0..5000).collect::<Vec<_>>());
    let parts = numbers.delayed();
    let lists: Vec<Vec<u32>> = block_on(crate::collect(&parts).compute()).unwrap();
    assert_eq!((lists.len(), lists[2499][1]), (2500, 4999));
}

#[test]
fn types_are_checked_as_the_graph_is_built() {
    let texts = Partitions::from_values(["a".to_owned()], 1).unwrap();
    let error = texts.map(&function::<u32>("double")).unwrap_err();
    assert!(matches!(error, Error::Elements { .. }));
    assert_eq!(
        error.to_string(),
        "double cannot be applied in this way to elements of string; it is func(x: u32) -> u32"
    );
    let error = numbers(1, 1)
        .filter(&function::<u32>("double"))
        .unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    let math = Component::load(MATH.as_bytes().to_vec()).unwrap();
    let error = numbers(1, 1).map_partitions(&math.function("total").unwrap());
    let error = error.unwrap_err();
    assert!(matches!(error, Error::NotList { .. }), "{error}");
    let error = numbers(1, 1)
        .reduce(&function::<u32>("double"), 2)
        .unwrap_err();
    assert!(matches!(error, Error::Elements { .. }), "{error}");
    assert!(numbers(2, 2).zip(&numbers(2, 1)).is_err());
    assert!(numbers(2, 2).repartition(0).is_err());
    assert!(numbers(2, 2).typed::<u64>().is_err());
}

#[test]
fn a_failing_element_is_named_with_its_part() {
    let failing = numbers(8, 2).map(&function::<u32>("not-seven")).unwrap();
    let error = block_on(failing.sum().compute()).unwrap_err().to_string();
    assert!(
        error.contains("element 3") && error.contains("not-seven[1]"),
        "{error}"
    );

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seven");
    std::fs::write(&file, "text").unwrap();
    let texts = Partitions::<String>::from_files([&file]).unwrap();
    let failing = texts.map(&function::<u32>("fail-on-text")).unwrap();
    let error = block_on(failing.compute()).unwrap_err().to_string();
    let name = format!("fail-on-text[0 {}]", file.display());
    assert!(error.contains(&name), "{error}");
    assert!(Partitions::<String>::from_files([""; 0]).is_err());
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
