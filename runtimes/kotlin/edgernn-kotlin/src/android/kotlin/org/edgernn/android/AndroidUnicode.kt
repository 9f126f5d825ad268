package org.edgernn.android

import android.icu.lang.UCharacter
import android.icu.text.Normalizer2
import android.icu.util.ULocale
import org.edgernn.Unicode

/** The Unicode data of the phone; `android.icu` is there from API level 24 on. */
public object AndroidUnicode : Unicode {
    private val normalizer: Normalizer2 = Normalizer2.getNFCInstance()

    override fun nfc(text: String): String = normalizer.normalize(text)

    override fun lower(text: String): String = UCharacter.toLowerCase(ULocale.ROOT, text)

    override fun isWordCharacter(codePoint: Int): Boolean =
        codePoint == '_'.code || WORD_CATEGORIES shr UCharacter.getType(codePoint) and 1 != 0

    /** Letters and numbers by their places in Character's and ICU's categories: L* 1-5, N* 9-11. */
    private const val WORD_CATEGORIES = 0b1110_0011_1110
}
