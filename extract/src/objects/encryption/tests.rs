//! Files encrypted in every way that the standard security handler has, opened with each password.

use std::collections::BTreeMap;
use std::sync::Arc;

use lopdf::encryption::crypt_filters::{Aes128CryptFilter, Aes256CryptFilter, CryptFilter};
use lopdf::{EncryptionVersion, Permissions, Stream, dictionary};

use crate::budget::Budget;
use crate::objects::{Object, Objects};
use crate::{Cancel, ExtractError, Limits, Options, Password};

use super::*;

/// A file that holds a string and a stream.
fn plain() -> Document {
    let mut document = Document::with_version("1.7");
    let pages = document.add_object(dictionary! { "Type" => "Pages" });
    let secret = lopdf::Object::string_literal("a secret string");
    let nested = dictionary! { "Nested" => vec![secret] };
    let stream = Stream::new(nested, b"a secret stream".to_vec());
    let stream = document.add_object(stream);
    let catalog = document.add_object(dictionary! { "Pages" => pages, "Secret" => stream });
    document.trailer.set("Root", catalog);
    let id = || lopdf::Object::string_literal("0123456789abcdef");
    document
        .trailer
        .set("ID", lopdf::Object::Array(vec![id(), id()]));
    document
}

fn encrypted(
    version: impl FnOnce(&Document) -> EncryptionState,
    change: impl FnOnce(&mut Document),
) -> Vec<u8> {
    let mut document = plain();
    change(&mut document);
    let state = version(&document);
    document.encrypt(&state).unwrap();
    let mut file = Vec::new();
    document.save_to(&mut file).unwrap();
    file
}

fn state(version: EncryptionVersion<'_>) -> EncryptionState {
    EncryptionState::try_from(version).unwrap()
}

fn rc4_40(document: &Document) -> EncryptionState {
    state(EncryptionVersion::V1 {
        document,
        owner_password: "owner",
        user_password: "user",
        permissions: Permissions::all(),
    })
}

fn rc4_128(document: &Document) -> EncryptionState {
    state(EncryptionVersion::V2 {
        document,
        owner_password: "owner",
        user_password: "user",
        key_length: 128,
        permissions: Permissions::all(),
    })
}

fn filters(filter: Arc<dyn CryptFilter>) -> BTreeMap<Vec<u8>, Arc<dyn CryptFilter>> {
    BTreeMap::from([(b"StdCF".to_vec(), filter)])
}

fn aes_128(document: &Document) -> EncryptionState {
    state(EncryptionVersion::V4 {
        document,
        encrypt_metadata: true,
        crypt_filters: filters(Arc::new(Aes128CryptFilter)),
        stream_filter: b"StdCF".to_vec(),
        string_filter: b"StdCF".to_vec(),
        owner_password: "owner",
        user_password: "user",
        permissions: Permissions::all(),
    })
}

#[expect(deprecated, reason = "files of this revision exist and are read")]
fn aes_256_revision_5(_: &Document) -> EncryptionState {
    state(EncryptionVersion::R5 {
        encrypt_metadata: true,
        crypt_filters: filters(Arc::new(Aes256CryptFilter)),
        file_encryption_key: &[7; 32],
        stream_filter: b"StdCF".to_vec(),
        string_filter: b"StdCF".to_vec(),
        owner_password: "owner",
        user_password: "user",
        permissions: Permissions::all(),
    })
}

fn aes_256(_: &Document) -> EncryptionState {
    state(EncryptionVersion::V5 {
        encrypt_metadata: true,
        crypt_filters: filters(Arc::new(Aes256CryptFilter)),
        file_encryption_key: &[7; 32],
        stream_filter: b"StdCF".to_vec(),
        string_filter: b"StdCF".to_vec(),
        owner_password: "owner",
        user_password: "user",
        permissions: Permissions::all(),
    })
}

/// What the file says once it is open.
fn read(file: &[u8], password: Option<&str>) -> Result<(Vec<u8>, Vec<u8>), ExtractError> {
    let (limits, cancel) = (Limits::default(), Cancel::new());
    let budget = Budget::new(&limits, &cancel);
    let options = Options {
        password: password.map(Password::new),
        ..Options::default()
    };
    let objects = Objects::open(file, &options, &budget)?;
    assert!(objects.is_encrypted());
    assert_eq!(budget.take_warnings(), []);
    let stream = objects
        .stream(objects.catalog().unwrap(), b"Secret")
        .unwrap();
    let [Object::String(string)] = objects.array(&stream.dict, b"Nested").unwrap() else {
        panic!("not one string");
    };
    Ok((string.to_vec(), objects.raw(stream).to_vec()))
}

fn secrets() -> (Vec<u8>, Vec<u8>) {
    (b"a secret string".to_vec(), b"a secret stream".to_vec())
}

#[test]
fn user_and_owner_open_every_revision_and_no_one_else() {
    for version in [rc4_40, rc4_128, aes_128, aes_256_revision_5, aes_256] {
        let file = encrypted(version, |_| {});
        for password in ["user", "owner"] {
            assert_eq!(read(&file, Some(password)), Ok(secrets()), "{password}");
        }
        assert_eq!(read(&file, Some("other")), Err(ExtractError::PasswordWrong));
        assert_eq!(read(&file, Some("")), Err(ExtractError::PasswordWrong));
        assert_eq!(read(&file, None), Err(ExtractError::Encrypted));
    }
}

#[test]
fn a_file_without_identifier_opens() {
    let empty = |document: &mut Document| {
        let id = lopdf::Object::Array(vec![lopdf::Object::string_literal("")]);
        document.trailer.set("ID", id);
    };
    let mut file = encrypted(rc4_128, empty);
    let id = file
        .windows(3)
        .rposition(|window| window == b"/ID")
        .unwrap();
    file[id..id + 3].copy_from_slice(b"/Ix");
    assert_eq!(read(&file, Some("user")), Ok(secrets()));
}

#[test]
fn the_empty_password_is_tried_first() {
    let open = |document: &Document| {
        state(EncryptionVersion::V1 {
            document,
            owner_password: "owner",
            user_password: "",
            permissions: Permissions::all(),
        })
    };
    let file = encrypted(open, |_| {});
    for password in [None, Some("owner"), Some("whatever")] {
        assert_eq!(read(&file, password), Ok(secrets()));
    }
}

#[test]
fn crypt_filters_with_short_keys_pad_them() {
    let filter = dictionary! { "CFM" => "V2", "Length" => 5 };
    let filters = dictionary! {
        "V" => 4,
        "R" => 4,
        "CF" => dictionary! { "StdCF" => filter },
        "StmF" => "StdCF",
        "StrF" => "StdCF",
    };
    for length_is_given in [true, false] {
        let mut document = plain();
        let state = state(EncryptionVersion::V2 {
            document: &document,
            owner_password: "owner",
            user_password: "user",
            key_length: 40,
            permissions: Permissions::all(),
        });
        let mut key = state.file_encryption_key().to_vec();
        assert_eq!(key.len(), 5);
        key.resize(16, 0);
        let secret = document.trailer.get(b"Root").unwrap().as_reference();
        let secret = document.get_dictionary(secret.unwrap()).unwrap();
        let id = secret.get(b"Secret").unwrap().as_reference().unwrap();
        let object_key = Rc4CryptFilter.compute_key(&key, id).unwrap();
        let hide = |bytes: &[u8]| Rc4CryptFilter.encrypt(&object_key, bytes).unwrap();
        let string = lopdf::Object::String(hide(b"a secret string"), StringFormat::Hexadecimal);
        let stream = document
            .get_object_mut(id)
            .unwrap()
            .as_stream_mut()
            .unwrap();
        stream.set_content(hide(b"a secret stream"));
        stream.dict.set("Nested", vec![string]);
        let mut encrypt = state.encode().unwrap();
        for (key, value) in filters.iter() {
            encrypt.set(key.clone(), value.clone());
        }
        if !length_is_given {
            encrypt.remove(b"Length");
        }
        let encrypt = document.add_object(encrypt);
        document.trailer.set("Encrypt", encrypt);
        let mut file = Vec::new();
        document.save_to(&mut file).unwrap();
        for password in ["user", "owner"] {
            assert_eq!(read(&file, Some(password)), Ok(secrets()));
        }
        assert_eq!(read(&file, Some("other")), Err(ExtractError::PasswordWrong));
    }
}

#[test]
fn another_security_handler_is_named_as_such() {
    let mut file = encrypted(rc4_128, |_| {});
    let name = file.windows(9).rposition(|window| window == b"/Standard");
    let name = name.unwrap();
    file[name..name + 9].copy_from_slice(b"/Unknown_");
    assert_eq!(read(&file, None), Err(ExtractError::UnsupportedEncryption));
}
