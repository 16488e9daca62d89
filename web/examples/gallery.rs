//! Writes every sample page with its files into a folder, to be looked at: `cargo run -p weir-web --example gallery DIR`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("name a folder to write to")?);
    fs::create_dir_all(folder.join("assets"))?;
    for asset in weir_web::asset::all() {
        fs::write(folder.join(asset.path.trim_start_matches('/')), asset.bytes)?;
    }
    for sample in weir_web::sample::all()? {
        fs::write(folder.join(format!("{}.html", sample.name)), sample.html)?;
    }
    Ok(())
}
