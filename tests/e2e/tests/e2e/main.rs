//! All end-to-end tests, in one binary.

mod architecture;
mod compiling;
mod completing;
mod data;
mod documented;
mod examples;
mod failures;
mod faults;
mod graphs;
mod growth;
mod here;
mod imperfect;
mod jobs;
mod limits;
mod named;
mod replayed;
mod sources;
mod supervised;
mod tidy;
mod walking;
mod word_count;
