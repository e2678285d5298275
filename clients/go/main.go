// One signed GET request: go run . USERNAME KEYFILE URL. Needs the standard library only.
package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

// authorization makes the value of the header Authorization: it is good for one request, and for 20 seconds.
func authorization(username string, key any) (string, error) {
	header, hash := "", crypto.Hash(0)
	switch key.(type) {
	case ed25519.PrivateKey:
		header = `{"alg":"EdDSA","typ":"JWT"}`
	case *rsa.PrivateKey:
		header, hash = `{"alg":"RS512","typ":"JWT"}`, crypto.SHA512
	default:
		return "", errors.New("the key is neither RSA nor Ed25519")
	}
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	claims, err := json.Marshal(map[string]any{"username": username, "time": time.Now().Unix(), "nonce": encode(nonce)})
	if err != nil {
		return "", err
	}
	input := encode([]byte(header)) + "." + encode(claims)
	message := []byte(input)
	if digest := sha512.Sum512(message); hash != 0 {
		message = digest[:]
	}
	signature, err := key.(crypto.Signer).Sign(rand.Reader, message, hash)
	return "JWT " + input + "." + encode(signature), err
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: signed_get USERNAME KEYFILE URL")
	}
	username, keyFile, url := os.Args[1], os.Args[2], os.Args[3]
	text, err := os.ReadFile(keyFile)
	check(keyFile, err)
	block, _ := pem.Decode(text)
	if block == nil {
		log.Fatal(keyFile, ": not a private key as PKCS#8 PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	check(keyFile, err)
	value, err := authorization(username, key)
	check(keyFile, err)

	request, err := http.NewRequest(http.MethodGet, url, nil)
	check(url, err)
	request.Header.Set("Authorization", value)
	// A redirect would be sent the same token.
	noRedirects := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := (&http.Client{Timeout: 30 * time.Second, CheckRedirect: noRedirects}).Do(request)
	check(url, err)
	_, err = io.Copy(os.Stdout, response.Body)
	check(url, err)
	if response.StatusCode >= 400 {
		log.Fatal(url, ": ", response.Status)
	}
}

func check(what string, err error) {
	if err != nil {
		log.Fatal(what, ": ", err)
	}
}
