package org.edgernn;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.text.Normalizer;
import java.util.Locale;
import org.junit.Test;

/** The library as Java sees it. */
public class JavaExampleTest {
    private static final File ROOT = new File("../../..");

    /** Unlike icu4j's here and there, which is Kotlin's in these tests. */
    private static final Unicode UNICODE = new Unicode() {
        @Override
        public String nfc(String text) {
            return Normalizer.normalize(text, Normalizer.Form.NFC);
        }

        @Override
        public String lower(String text) {
            return text.toLowerCase(Locale.ROOT);
        }

        @Override
        public boolean isWordCharacter(int codePoint) {
            return Character.isLetterOrDigit(codePoint) || codePoint == '_';
        }
    };

    private static Score example(byte[] bytes, Unicode unicode) throws ModelException, TextException {
        // begin
        try (Classifier classifier = NativeClassifier.open(bytes, "model.onnx", unicode)) {
            Score score = classifier.score("A warm and funny film.");
            System.out.println(score.getLabel() + " " + score.getConfidence());
            return score;
        }
        // end
    }

    private static byte[] shipped() throws IOException {
        return Files.readAllBytes(new File(ROOT, "edgernn/models/flagship/model.onnx").toPath());
    }

    /** It runs; errors are checked exceptions. */
    @Test
    public void example() throws Exception {
        Score score = example(shipped(), UNICODE);
        assertTrue(score.getPositive());
        assertEquals(score.getLabels().get(1), score.getLabel());
        assertThrows(ModelException.class, () -> example(new byte[1000], UNICODE));
    }

    /** The README shows these lines. */
    @Test
    public void readme() throws Exception {
        String source = text("runtimes/kotlin/edgernn-kotlin/src/test/java/org/edgernn/JavaExampleTest.java");
        String lines = source.split("// begin\n")[1].split(" *// end")[0];
        String shown = lines.replaceAll("(?m)^ {8}", "").trim();
        assertTrue(text("runtimes/kotlin/README.md").contains("```java\n" + shown + "\n```"));
    }

    private static String text(String path) throws IOException {
        return new String(Files.readAllBytes(new File(ROOT, path).toPath()), StandardCharsets.UTF_8);
    }
}
