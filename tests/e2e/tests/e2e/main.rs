//! All end-to-end tests, in one binary.

mod architecture;
mod compiling;
mod documented;
mod examples;
mod failures;
mod faults;
mod graphs;
mod growth;
mod here;
mod limits;
mod named;
mod replayed;
mod sources;
mod supervised;
mod tidy;
mod word_count;
