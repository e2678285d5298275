// One signed GET request: go run . USERNAME KEYFILE URL. Needs github.com/golang-jwt/jwt/v5.
package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// newToken makes a token, which follows "JWT " in the Authorization header. It is valid for one request, within 20 seconds.
func newToken(username, keyFile string) (string, error) {
	pem, err := os.ReadFile(keyFile)
	if err != nil {
		return "", err
	}
	claims := jwt.MapClaims{"username": username, "time": time.Now().Unix(), "nonce": rand.Text()}
	if key, err := jwt.ParseRSAPrivateKeyFromPEM(pem); err == nil {
		return jwt.NewWithClaims(jwt.SigningMethodRS512, claims).SignedString(key)
	}
	if key, err := jwt.ParseEdPrivateKeyFromPEM(pem); err == nil {
		return jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(key)
	}
	return "", fmt.Errorf("%s: not an unencrypted RSA or Ed25519 key in PEM format", keyFile)
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: signed_get USERNAME KEYFILE URL")
	}
	request := must(http.NewRequest(http.MethodGet, os.Args[3], nil))
	request.Header.Set("Authorization", "JWT "+must(newToken(os.Args[1], os.Args[2])))
	// Don't send the token to another server.
	noRedirects := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client := http.Client{Timeout: 30 * time.Second, CheckRedirect: noRedirects}
	response := must(client.Do(request))
	must(io.Copy(os.Stdout, response.Body))
	if response.StatusCode >= 400 {
		log.Fatal(response.Status)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
