//! `up`: Redis, store, api and worker in one process.

mod data_folder; // where its files are
mod private_redis; // Redis as a child process
mod redis_server; // which program that is
