import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.*;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;

import static java.nio.charset.StandardCharsets.UTF_8;

/** One signed GET request: java SignedGet.java USERNAME KEYFILE URL. Needs a JDK, 17 or newer, and nothing else. */
public class SignedGet {
    static PrivateKey readKey(String pem) throws GeneralSecurityException {
        String base64 = pem.replaceAll("-----(BEGIN|END) PRIVATE KEY-----", "");
        var key = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(base64));
        try {
            return KeyFactory.getInstance("RSA").generatePrivate(key);
        } catch (InvalidKeySpecException notRsa) {
            return KeyFactory.getInstance("Ed25519").generatePrivate(key);
        }
    }

    /** The value of the header Authorization: it is good for one request, and for 20 seconds. */
    static String authorization(String username, PrivateKey key) throws GeneralSecurityException {
        boolean isRsa = key instanceof RSAPrivateKey;
        byte[] nonce = new byte[16];
        new SecureRandom().nextBytes(nonce);
        // A username has no control characters: these two are all that JSON wants escaped.
        String name = username.replace("\\", "\\\\").replace("\"", "\\\"");
        String header = String.format("{\"alg\":\"%s\",\"typ\":\"JWT\"}", isRsa ? "RS512" : "EdDSA");
        String claims = String.format("{\"username\":\"%s\",\"time\":%d,\"nonce\":\"%s\"}",
                name, System.currentTimeMillis() / 1000, base64url(nonce));
        String input = base64url(header.getBytes(UTF_8)) + "." + base64url(claims.getBytes(UTF_8));
        var signature = Signature.getInstance(isRsa ? "SHA512withRSA" : "Ed25519");
        signature.initSign(key);
        signature.update(input.getBytes(UTF_8));
        return "JWT " + input + "." + base64url(signature.sign());
    }

    static String base64url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    public static void main(String[] words) {
        if (words.length != 3) {
            System.err.println("usage: SignedGet USERNAME KEYFILE URL");
            System.exit(1);
        }
        String step = words[1];
        try {
            String value = authorization(words[0], readKey(Files.readString(Path.of(words[1]))));
            step = words[2];
            var request = HttpRequest.newBuilder(URI.create(words[2])).timeout(Duration.ofSeconds(30))
                    .header("Authorization", value).build();
            // It follows no redirect, which would be sent the same token.
            var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofByteArray());
            System.out.writeBytes(response.body());
            System.out.flush();
            if (response.statusCode() >= 400) throw new IllegalStateException("status " + response.statusCode());
        } catch (Exception error) {
            System.err.println("SignedGet: " + step + ": " + error);
            System.exit(1);
        }
    }
}
