import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;

/** One signed GET request: java SignedGet.java USERNAME KEYFILE URL. Needs a JDK, 17 or newer, and nothing else. */
public class SignedGet {
    private static final String PEM = "(?s).*-----BEGIN PRIVATE KEY-----(.*)-----END PRIVATE KEY-----.*";

    /** Reads a private key: PKCS#8 PEM, not encrypted. */
    static PrivateKey readKey(String file) throws IOException, GeneralSecurityException {
        String text = Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        if (!text.matches(PEM)) throw new InvalidKeySpecException("not a private key as PKCS#8 PEM");
        var key = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(text.replaceFirst(PEM, "$1")));
        try {
            return KeyFactory.getInstance("RSA").generatePrivate(key);
        } catch (InvalidKeySpecException notRsa) {
            return KeyFactory.getInstance("Ed25519").generatePrivate(key);
        }
    }

    static PublicKey publicKeyOf(PrivateKey key) throws GeneralSecurityException {
        if (key instanceof RSAPrivateCrtKey rsa) {
            var numbers = new RSAPublicKeySpec(rsa.getModulus(), rsa.getPublicExponent());
            return KeyFactory.getInstance("RSA").generatePublic(numbers);
        }
        // The JDK derives an Ed25519 public key only while it makes a pair: from these "random" bytes, the same pair.
        byte[] seed = ((EdECPrivateKey) key).getBytes().orElseThrow();
        var generator = KeyPairGenerator.getInstance("Ed25519");
        generator.initialize(NamedParameterSpec.ED25519, new SecureRandom() {
            @Override
            public void nextBytes(byte[] bytes) {
                System.arraycopy(seed, 0, bytes, 0, bytes.length);
            }
        });
        return generator.generateKeyPair().getPublic();
    }

    /** The value of the header Authorization: it is good for one request, and for 20 seconds. */
    static String authorization(String username, PrivateKey key) throws GeneralSecurityException {
        boolean isRsa = key instanceof RSAPrivateCrtKey;
        String spki = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(publicKeyOf(key).getEncoded());
        String pem = "-----BEGIN PUBLIC KEY-----\n" + spki + "\n-----END PUBLIC KEY-----\n";
        String kid = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(utf8(pem)));
        byte[] nonce = new byte[16];
        new SecureRandom().nextBytes(nonce);
        // A username has no control characters: these two are all that JSON wants escaped.
        String name = username.replace("\\", "\\\\").replace("\"", "\\\"");
        String header = String.format("{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", isRsa ? "RS512" : "EdDSA", kid);
        String claims = String.format("{\"username\":\"%s\",\"time\":%d,\"nonce\":\"%s\"}",
                name, System.currentTimeMillis() / 1000, base64url(nonce));
        String input = base64url(utf8(header)) + "." + base64url(utf8(claims));
        var signature = Signature.getInstance(isRsa ? "SHA512withRSA" : "Ed25519");
        signature.initSign(key);
        signature.update(utf8(input));
        return "JWT " + input + "." + base64url(signature.sign());
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String base64url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Prints the body, and returns the status. */
    static int get(String url, String authorization) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(30))
                .header("Authorization", authorization).build();
        // It follows no redirect, which would be sent the same token.
        var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofByteArray());
        System.out.writeBytes(response.body());
        System.out.flush();
        return response.statusCode();
    }

    static void fail(String message) {
        System.err.println("SignedGet: " + message);
        System.exit(1);
    }

    public static void main(String[] words) throws InterruptedException {
        if (words.length != 3) fail("give USERNAME KEYFILE URL");
        String authorization = null;
        try {
            authorization = authorization(words[0], readKey(words[1]));
        } catch (IOException | GeneralSecurityException | IllegalArgumentException error) {
            fail(words[1] + ": " + error);
        }
        try {
            int status = get(words[2], authorization);
            if (status >= 400) fail(words[2] + ": status " + status);
        } catch (IOException | IllegalArgumentException error) {
            fail(words[2] + ": " + error);
        }
    }
}
