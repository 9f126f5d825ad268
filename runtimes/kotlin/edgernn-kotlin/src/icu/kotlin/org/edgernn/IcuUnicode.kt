package org.edgernn

import com.ibm.icu.lang.UCharacter
import com.ibm.icu.text.Normalizer2
import com.ibm.icu.util.ULocale

/** The Unicode data of icu4j, whose classes are those of `android.icu` under another name. */
public object IcuUnicode : Unicode {
    private val normalizer = Normalizer2.getNFCInstance()

    override fun nfc(text: String): String = normalizer.normalize(text)

    override fun lower(text: String): String = UCharacter.toLowerCase(ULocale.ROOT, text)

    override fun isWordCharacter(codePoint: Int): Boolean =
        codePoint == '_'.code ||
            when (UCharacter.getType(codePoint).toByte()) {
                Character.UPPERCASE_LETTER, Character.LOWERCASE_LETTER, Character.TITLECASE_LETTER,
                Character.MODIFIER_LETTER, Character.OTHER_LETTER,
                Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER,
                -> true
                else -> false
            }
}
