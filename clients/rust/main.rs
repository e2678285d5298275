//! One signed GET request: cargo run -- USERNAME KEYFILE URL. Needs base64, getrandom, rustls, serde_json and ureq.

use base64::{prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL, Engine};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{pem::PemObject, PrivateKeyDer};
use rustls::SignatureScheme::{ED25519, RSA_PKCS1_SHA512};
use serde_json::json;
use std::time::{Duration, SystemTime};
use std::{error::Error, fmt::Display, io};

/// Makes the value of the Authorization header. It is valid for one request, within 20 seconds.
fn authorization(username: &str, pem: &[u8]) -> Result<String, Box<dyn Error>> {
    let signer = PrivateKeyDer::from_pem_slice(pem)
        .ok()
        .and_then(|key| any_supported_type(&key).ok())
        .and_then(|key| key.choose_scheme(&[RSA_PKCS1_SHA512, ED25519]))
        .ok_or("not an unencrypted Ed25519 key or RSA key of 2048 to 4096 bits in PEM format")?;
    let is_rsa = signer.scheme() == RSA_PKCS1_SHA512;
    let alg = if is_rsa { "RS512" } else { "EdDSA" };
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let nonce = BASE64URL.encode(nonce);
    let time = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let header = json!({ "alg": alg, "typ": "JWT" }).to_string();
    let claims = json!({ "username": username, "time": time, "nonce": nonce }).to_string();
    let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
    let signature = BASE64URL.encode(signer.sign(input.as_bytes())?);
    Ok(format!("JWT {input}.{signature}"))
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [username, key_file, url] = &words[..] else {
        fail("usage", "signed_get USERNAME KEYFILE URL")
    };
    let pem = std::fs::read(key_file).unwrap_or_else(|error| fail(key_file, error));
    let value = authorization(username, &pem).unwrap_or_else(|error| fail(key_file, error));
    let request = ureq::get(url)
        .header("Authorization", value)
        .config()
        .timeout_global(Some(Duration::from_secs(30)))
        .max_redirects(0) // don't send the token to another server
        .http_status_as_error(false) // print the body, which gives the reason
        .build();
    let mut answer = request.call().unwrap_or_else(|error| fail(url, error));
    let body = &mut answer.body_mut().as_reader();
    io::copy(body, &mut io::stdout()).unwrap_or_else(|error| fail(url, error));
    if answer.status().as_u16() >= 400 {
        fail(url, answer.status())
    }
}

fn fail(what: &str, why: impl Display) -> ! {
    eprintln!("{what}: {why}");
    std::process::exit(1)
}
