// One signed GET request: go run . USERNAME KEYFILE URL. Needs the standard library only.
package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

var base64url = base64.RawURLEncoding.EncodeToString

// readKey reads a private key: PKCS#8 PEM, not encrypted.
func readKey(file string) (crypto.Signer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New(file + ": not a private key as PKCS#8 PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New(file + ": a key that cannot sign")
	}
	return signer, nil
}

// authorization makes the value of the header Authorization: it is good for one request, and for 20 seconds.
func authorization(username string, key crypto.Signer) (string, error) {
	alg, hash, digest := "", crypto.Hash(0), func(input []byte) []byte { return input }
	switch key.(type) {
	case ed25519.PrivateKey:
		alg = "EdDSA"
	case *rsa.PrivateKey:
		alg, hash = "RS512", crypto.SHA512
		digest = func(input []byte) []byte { sum := sha512.Sum512(input); return sum[:] }
	default:
		return "", errors.New("the key is neither RSA nor Ed25519")
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", err
	}
	kid := sha256.Sum256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	header, err := json.Marshal(map[string]any{"alg": alg, "typ": "JWT", "kid": hex.EncodeToString(kid[:])})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"username": username, "time": time.Now().Unix(), "nonce": base64url(nonce)})
	if err != nil {
		return "", err
	}
	input := base64url(header) + "." + base64url(claims)
	signature, err := key.Sign(rand.Reader, digest([]byte(input)), hash)
	return "JWT " + input + "." + base64url(signature), err
}

func signedGet(username, keyFile, url string) error {
	key, err := readKey(keyFile)
	if err != nil {
		return err
	}
	value, err := authorization(username, key)
	if err != nil {
		return fmt.Errorf("%s: %w", keyFile, err)
	}
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", value)
	// A redirect would be sent the same token.
	noRedirects := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client := http.Client{Timeout: 30 * time.Second, CheckRedirect: noRedirects}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		return errors.New(url + ": status " + response.Status)
	}
	return nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: signed_get USERNAME KEYFILE URL")
		os.Exit(1)
	}
	if err := signedGet(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "signed_get:", err)
		os.Exit(1)
	}
}
