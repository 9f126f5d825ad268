package org.edgernn.demo

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.FileNotFoundException

/** Hands out one file, the last benchmark's, for reading, to whom the user shares it with. */
class ReportProvider : ContentProvider() {
    override fun onCreate(): Boolean = true

    override fun getType(uri: Uri): String? = if (isReport(uri)) "application/json" else null

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (!isReport(uri) || mode != "r") throw FileNotFoundException("$uri: $mode")
        return ParcelFileDescriptor.open(Report.file(here()), ParcelFileDescriptor.MODE_READ_ONLY)
    }

    override fun query(
        uri: Uri,
        projection: Array<out String>?,
        selection: String?,
        selectionArgs: Array<out String>?,
        sortOrder: String?,
    ): Cursor? {
        if (!isReport(uri)) return null
        val known = arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)
        val columns = projection?.filter { it in known }?.toTypedArray() ?: known
        val row = columns.map { if (it == OpenableColumns.SIZE) Report.file(here()).length() else Report.NAME }
        return MatrixCursor(columns, 1).apply { addRow(row) }
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri = readOnly()

    override fun update(uri: Uri, values: ContentValues?, selection: String?, args: Array<out String>?): Int =
        readOnly()

    override fun delete(uri: Uri, selection: String?, args: Array<out String>?): Int = readOnly()

    private fun isReport(uri: Uri) = uri.path == "/${Report.NAME}"

    private fun here(): Context = checkNotNull(context)

    private fun readOnly(): Nothing = throw UnsupportedOperationException("reports are read-only")

    companion object {
        /** Returns the address of the last report. */
        fun address(context: Context): Uri =
            Uri.Builder().scheme("content").authority("${context.packageName}.reports").path(Report.NAME).build()
    }
}
