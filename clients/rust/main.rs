//! One signed GET request: cargo run -- USERNAME KEYFILE URL. Needs the crates openssl, serde_json and ureq.

use openssl::{
    base64::encode_block,
    hash::MessageDigest,
    pkey::{Id, PKey, Private},
    rand::rand_bytes,
    sign::Signer,
};
use std::{
    error::Error,
    io,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

fn base64url(bytes: &[u8]) -> String {
    encode_block(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// The value of the header Authorization: it is good for one request, and for 20 seconds.
fn authorization(username: &str, key: &PKey<Private>) -> Result<String, Box<dyn Error>> {
    let (alg, mut signer) = match key.id() {
        Id::ED25519 => ("EdDSA", Signer::new_without_digest(key)?),
        Id::RSA => ("RS512", Signer::new(MessageDigest::sha512(), key)?),
        _ => return Err("the key is neither RSA nor Ed25519".into()),
    };
    let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut nonce = [0; 16];
    rand_bytes(&mut nonce)?;
    let header = serde_json::json!({ "alg": alg, "typ": "JWT" });
    let claims = serde_json::json!({ "username": username, "time": time, "nonce": base64url(&nonce) });
    let input = [header, claims].map(|part| base64url(part.to_string().as_bytes())).join(".");
    let signature = signer.sign_oneshot_to_vec(input.as_bytes())?;
    Ok(format!("JWT {input}.{}", base64url(&signature)))
}

/// Prints the body, and returns the status.
fn signed_get(username: &str, key_file: &str, url: &str) -> Result<u16, Box<dyn Error>> {
    let pem = std::fs::read(key_file).map_err(|error| format!("{key_file}: {error}"))?;
    // With a passphrase, OpenSSL does not ask for one.
    let key = PKey::private_key_from_pem_passphrase(&pem, b"")
        .map_err(|_| format!("{key_file}: not a private key as PEM, or an encrypted one"))?;
    let value = authorization(username, &key).map_err(|error| format!("{key_file}: {error}"))?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(ureq::tls::TlsConfig::builder().provider(ureq::tls::TlsProvider::NativeTls).build())
        .timeout_global(Some(Duration::from_secs(30)))
        .max_redirects(0) // a redirect would be sent the same token
        .http_status_as_error(false)
        .build()
        .into();
    let mut response = agent.get(url).header("Authorization", value).call()?;
    io::copy(&mut response.body_mut().as_reader(), &mut io::stdout())?;
    Ok(response.status().as_u16())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [username, key_file, url] = &words[..] else {
        eprintln!("usage: signed_get USERNAME KEYFILE URL");
        return ExitCode::FAILURE;
    };
    match signed_get(username, key_file, url) {
        Ok(status) if status < 400 => return ExitCode::SUCCESS,
        Ok(status) => eprintln!("signed_get: {url}: status {status}"),
        Err(error) => eprintln!("signed_get: {error}"),
    }
    ExitCode::FAILURE
}
