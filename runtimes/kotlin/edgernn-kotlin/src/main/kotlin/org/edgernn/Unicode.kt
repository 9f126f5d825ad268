package org.edgernn

/**
 * What the text contract needs of the Unicode Character Database.
 *
 * Android has it as `android.icu` ([org.edgernn.android.AndroidUnicode]), a desktop JVM as icu4j.
 * Texts are well-formed UTF-16: every surrogate is one of a pair.
 */
public interface Unicode {
    /** Returns Unicode Normalization Form C of [text] (UAX 15). */
    public fun nfc(text: String): String

    /**
     * Returns the full lower-case mapping of [text] without a locale, with the condition
     * `Final_Sigma` as the Unicode Standard reads it (3.13); not what `String.lowercase` gives.
     */
    public fun lower(text: String): String

    /** Tells whether [codePoint] is of general category L* or N*, or `_`. */
    public fun isWordCharacter(codePoint: Int): Boolean
}
