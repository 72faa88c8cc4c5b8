//! `pdf-ingest extract` as a process: what it prints, writes and returns.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// One page that says "Hello" and shows an image of 2x1 gray pixels.
fn one_page_pdf() -> Vec<u8> {
    let content = "BT /F 12 Tf 20 50 Td (Hello) Tj ET q 10 0 0 10 20 20 cm /I Do Q";
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R\
         /Resources<</Font<</F 5 0 R>>/XObject<</I 6 0 R>>>>>>"
            .to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        "<</Type/XObject/Subtype/Image/Width 2/Height 1/BitsPerComponent 8\
         /ColorSpace/DeviceGray/Length 2>>stream\nab\nendstream"
            .to_owned(),
        "<</Title(A title)>>".to_owned(),
    ];
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let start = file.len();
    let size = objects.len() + 1;
    table +=
        &format!("trailer <</Size {size}/Root 1 0 R/Info 7 0 R>>\nstartxref\n{start}\n%%EOF\n");
    file.extend(table.bytes());
    file
}

/// For those who know that the password is "sesame".
const LOCKED_PDF: &[u8] = include_bytes!("../../tests/fixtures/encrypted.pdf");

struct Setup {
    folder: TempDir,
    file: PathBuf,
}

impl Setup {
    fn with(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("temporary folders can be made");
        let file = folder.path().join("file.pdf");
        fs::write(&file, bytes).expect("the temporary folder is writable");
        Self { folder, file }
    }

    fn extract(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pdf-ingest"))
            .arg("extract")
            .args(args)
            .arg(&self.file)
            .current_dir(self.folder.path())
            .output()
            .expect("the command was built with this test")
    }

    fn lines(&self, args: &[&str]) -> Vec<Value> {
        let output = self.extract(args);
        assert!(output.status.success(), "{output:?}");
        parse_lines(&output)
    }
}

fn parse_lines(output: &Output) -> Vec<Value> {
    let stdout = std::str::from_utf8(&output.stdout).expect("JSON is UTF-8");
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

#[test]
fn ndjson_lists_the_document_then_pages_whose_images_are_files() {
    let setup = Setup::with(&one_page_pdf());
    let lines = setup.lines(&["--ndjson", "--images", "pictures"]);
    assert_eq!(lines[0]["document"]["pages"], 1);
    assert_eq!(lines[0]["document"]["metadata"]["title"], "A title");
    let page = &lines[1]["page"];
    assert_eq!(
        (&page["number"], &page["width"]),
        (&1.into(), &200.0.into())
    );
    assert_eq!(page["text"].as_str().unwrap().trim(), "Hello");
    let image = &page["images"][0];
    assert_eq!((&image["width"], &image["height"]), (&2.into(), &1.into()));
    let file = image["file"].as_str().unwrap();
    assert_eq!(file, format!("{}.png", image["sha256"].as_str().unwrap()));
    let bytes = fs::read(setup.folder.path().join("pictures").join(file)).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    assert_eq!(lines[2]["summary"]["images"], 1);
}

#[test]
fn text_only_skips_images() {
    let lines = Setup::with(&one_page_pdf()).lines(&["--ndjson", "--text-only"]);
    assert_eq!(lines[1]["page"]["images"], Value::Array(Vec::new()));
}

#[test]
fn stats_come_last() {
    let args = ["--ndjson", "--stats", "--repeat", "3"];
    let lines = Setup::with(&one_page_pdf()).lines(&args);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.get("page").is_some())
            .count(),
        1
    );
    let stats = &lines.last().unwrap()["stats"];
    for key in ["cpu_ms", "wall_ms", "load_ms"] {
        assert!(stats[key].as_f64().unwrap() > 0.0, "{key}");
    }
    assert!(stats["peak_bytes"].as_u64().is_some());
}

#[test]
fn people_get_text() {
    let setup = Setup::with(&one_page_pdf());
    let output = setup.extract(&[]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "Hello");

    assert!(setup.extract(&["--out", "result"]).status.success());
    let result = setup.folder.path().join("result");
    assert_eq!(
        fs::read_to_string(result.join("text.txt")).unwrap().trim(),
        "Hello"
    );
    assert!(
        fs::read_to_string(result.join("pages.ndjson"))
            .unwrap()
            .contains("\"page\"")
    );
    assert_eq!(fs::read_dir(result.join("images")).unwrap().count(), 1);
}

#[test]
fn a_password_comes_from_a_file_or_the_environment() {
    let setup = Setup::with(LOCKED_PDF);
    let output = setup.extract(&["--ndjson"]);
    assert_eq!(parse_lines(&output)[0]["error"]["code"], "encrypted-pdf");
    for (password, code) in [("sesame\n", None), ("other", Some("password-wrong"))] {
        fs::write(setup.folder.path().join("password"), password).unwrap();
        let output = setup.extract(&["--ndjson", "--password-file", "password"]);
        let lines = parse_lines(&output);
        assert_eq!(lines[0]["error"]["code"].as_str(), code, "{lines:?}");
    }
    let unset = setup.extract(&["--ndjson", "--password-env", "NO_SUCH_VARIABLE"]);
    assert_eq!(parse_lines(&unset)[0]["error"]["code"], "no-password");
}

#[test]
fn what_cannot_be_read_is_status_2_with_a_code() {
    let output = Setup::with(b"hello").extract(&["--ndjson"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(parse_lines(&output)[0]["error"]["code"], "not-a-pdf");

    let setup = Setup::with(b"");
    fs::remove_file(&setup.file).unwrap();
    let output = setup.extract(&[]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: unreadable-file: "), "{stderr}");
}
