//! What the control plane promises, told on one without a listener: services and routes on SQLite in a folder of its own.

mod books;
mod conventions;
mod demo;
mod doors;
mod keys;
mod listing;
mod matrix;
mod mutations;
mod people;
mod providers;
mod publishing;
mod stops;
mod sync;
mod tls;
mod twins;
mod versions;
