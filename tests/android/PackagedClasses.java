import java.nio.file.Files;
import java.nio.file.Paths;
import java.text.Normalizer;
import java.util.Locale;
import org.edgernn.Classifier;
import org.edgernn.ModelFile;
import org.edgernn.NativeClassifier;
import org.edgernn.OnnxClassifier;
import org.edgernn.Unicode;
import org.edgernn.Verification;
import org.edgernn.Verified;

/** Replays a model file's golden vectors with the classes that are in an APK. */
class PackagedClasses {
    public static void main(String[] arguments) throws Exception {
        byte[] bytes = Files.readAllBytes(Paths.get(arguments[1]));
        ModelFile file = ModelFile.Companion.read(bytes, "model.onnx", new Java());
        boolean isOwn = arguments[0].equals("native");
        Classifier classifier = isOwn ? new NativeClassifier(file) : new OnnxClassifier(file, 1);
        Verified verified = Verification.INSTANCE.run(classifier);
        classifier.close();
        boolean equal = verified.getLargestDifference() <= verified.getTolerance();
        System.out.println(verified.getVectors() + " golden vectors, scores as in the file: " + equal);
    }

    /** Unlike Android's here and there, but ids have a test of their own; scores are looked at here. */
    private static class Java implements Unicode {
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
    }
}
