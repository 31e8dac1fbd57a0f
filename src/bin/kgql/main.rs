//! `kgql`: runs KGQL from a prompt, a file or the command line. Uses only the library's public API.
mod args;
mod dot;
mod prompt;
mod render;
mod script;

fn main() {
    let _ = <args::Cli as clap::Parser>::parse();
}
