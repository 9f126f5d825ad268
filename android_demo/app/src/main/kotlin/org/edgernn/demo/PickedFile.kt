package org.edgernn.demo

import android.content.ContentResolver
import android.net.Uri
import android.provider.OpenableColumns
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream

/** A file that was picked from the phone's files. */
class PickedFile(val name: String, val bytes: ByteArray) {
    companion object {
        /** The library refuses what is larger than 128 MiB; one byte more is enough for it to say so. */
        private const val MOST_BYTES = (128 shl 20) + 1
        private const val BUFFER = 1 shl 16
        private const val LONGEST_NAME = 80

        /**
         * Reads a document of another app.
         *
         * @throws IOException it cannot be read.
         * @throws SecurityException that app does not let this one.
         */
        fun read(resolver: ContentResolver, address: Uri): PickedFile {
            val name = clean(displayName(resolver, address) ?: address.lastPathSegment.orEmpty())
            val stream = resolver.openInputStream(address) ?: throw IOException("$name: there is nothing to read")
            return PickedFile(name, stream.use { upTo(MOST_BYTES, it) })
        }

        private fun displayName(resolver: ContentResolver, address: Uri): String? =
            resolver.query(address, arrayOf(OpenableColumns.DISPLAY_NAME), null, null, null)?.use {
                if (it.moveToFirst() && it.columnCount > 0) it.getString(0) else null
            }

        /** What another app calls a file, as far as it can be shown: one line, no marks that turn text around. */
        fun clean(name: String): String {
            val shown = name.filterNot { it.isISOControl() || it.category in UNSEEN }.trim()
            if (shown.length <= LONGEST_NAME) return shown.ifEmpty { "?" }
            val cut = shown.take(LONGEST_NAME - 1)
            return (if (cut.last().isHighSurrogate()) cut.dropLast(1) else cut) + "…"
        }

        private val UNSEEN = setOf(CharCategory.FORMAT, CharCategory.LINE_SEPARATOR, CharCategory.PARAGRAPH_SEPARATOR)

        /** Returns what a stream gives, [most] bytes of it where it goes on. */
        fun upTo(most: Int, stream: InputStream): ByteArray {
            val all = ByteArrayOutputStream()
            val buffer = ByteArray(BUFFER)
            while (all.size() < most) {
                val count = stream.read(buffer, 0, minOf(buffer.size, most - all.size()))
                if (count < 0) break
                all.write(buffer, 0, count)
            }
            return all.toByteArray()
        }
    }
}
