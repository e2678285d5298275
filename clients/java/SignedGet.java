import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.security.*;
import java.security.spec.*;
import java.time.*;
import java.util.Base64;

/** One signed GET request: java SignedGet.java USERNAME KEYFILE URL. Needs only a JDK, 17 or newer. */
public class SignedGet {
    /** Makes the value of the Authorization header. It is valid for one request, within 20 seconds. */
    static String authorization(String username, String pem) throws GeneralSecurityException {
        var pkcs8 = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem.replaceAll("-----.*-----", "")));
        PrivateKey key;
        try {
            key = KeyFactory.getInstance("RSA").generatePrivate(pkcs8);
        } catch (InvalidKeySpecException notRsa) {
            key = KeyFactory.getInstance("Ed25519").generatePrivate(pkcs8);
        }
        boolean isRsa = key.getAlgorithm().equals("RSA");
        byte[] nonce = new byte[16];
        new SecureRandom().nextBytes(nonce);
        // A username has no control characters, so only these two characters must be escaped for JSON.
        String name = username.replace("\\", "\\\\").replace("\"", "\\\"");
        var base64url = Base64.getUrlEncoder().withoutPadding();
        byte[] header = "{\"alg\":\"%s\",\"typ\":\"JWT\"}".formatted(isRsa ? "RS512" : "EdDSA").getBytes(UTF_8);
        byte[] claims = "{\"username\":\"%s\",\"time\":%s,\"nonce\":\"%s\"}"
                .formatted(name, Instant.now().getEpochSecond(), base64url.encodeToString(nonce)).getBytes(UTF_8);
        String input = base64url.encodeToString(header) + "." + base64url.encodeToString(claims);
        var signature = Signature.getInstance(isRsa ? "SHA512withRSA" : "Ed25519");
        signature.initSign(key);
        signature.update(input.getBytes(UTF_8));
        return "JWT " + input + "." + base64url.encodeToString(signature.sign());
    }

    public static void main(String[] words) {
        if (words.length != 3) {
            System.err.println("usage: SignedGet USERNAME KEYFILE URL");
            System.exit(1);
        }
        String step = words[1] + " (must be an unencrypted RSA or Ed25519 key in PEM format)";
        try {
            String value = authorization(words[0], Files.readString(Path.of(words[1])));
            step = words[2];
            var request = HttpRequest.newBuilder(URI.create(words[2])).timeout(Duration.ofSeconds(30))
                    .header("Authorization", value).build();
            // This client follows no redirects, which would send the token to another server.
            var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofByteArray());
            System.out.writeBytes(answer.body());
            if (answer.statusCode() >= 400) throw new IllegalStateException("status " + answer.statusCode());
        } catch (Exception error) {
            System.err.println(step + ": " + error);
            System.exit(1);
        }
    }
}
