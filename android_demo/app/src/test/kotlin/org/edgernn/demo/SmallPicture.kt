package org.edgernn.demo

import android.graphics.Bitmap
import java.awt.image.BufferedImage
import java.awt.image.IndexColorModel
import java.io.File
import javax.imageio.ImageIO

/**
 * A picture of a few kilobytes: a sixth of the width, colours of a palette of 252.
 *
 * @property pixels numbers of the palette, line by line.
 */
class SmallPicture private constructor(private val width: Int, private val height: Int, private val pixels: ByteArray) {
    /** Whether it is as the one in the repository; with `-Dedgernn.renew=true` it becomes that. */
    fun isAsBefore(name: String): Boolean {
        val file = File(FOLDER, "$name.png")
        if (System.getProperty("edgernn.renew") == "true") {
            file.parentFile.mkdirs()
            ImageIO.write(image(), "png", file)
            return true
        }
        if (!file.isFile) return false
        val before = ImageIO.read(file)
        if (before.width != width || before.height != height) return false
        val now = image()
        fun BufferedImage.at(i: Int) = getRGB(i % this@SmallPicture.width, i / this@SmallPicture.width)
        val others = (0 until width * height).count { before.at(it) != now.at(it) }
        return others <= TOLERANCE * width * height
    }

    private fun image(): BufferedImage {
        // The colours that it has, since a file holds its palette.
        val used = pixels.toSet().sorted()
        fun colors(of: (Int) -> Int) = ByteArray(used.size) { of(used[it].toInt() and 0xFF).toByte() }
        val own = IndexColorModel(8, used.size, colors(PALETTE::getRed), colors(PALETTE::getGreen), colors(PALETTE::getBlue))
        val image = BufferedImage(width, height, BufferedImage.TYPE_BYTE_INDEXED, own)
        image.raster.setDataElements(0, 0, width, height, ByteArray(pixels.size) { used.indexOf(pixels[it]).toByte() })
        return image
    }

    companion object {
        private const val FOLDER = "src/test/pictures"
        private const val SMALLER = 6
        private const val REDS = 6
        private const val GREENS = 7
        private const val BLUES = 6

        /** The part of the pixels that may have another colour, as rounding on another processor may bring; a word is more. */
        private const val TOLERANCE = 0.0005

        private val PALETTE: IndexColorModel = run {
            val colors = Array(3) { ByteArray(REDS * GREENS * BLUES) }
            for (i in 0 until REDS * GREENS * BLUES) {
                colors[0][i] = (i / (GREENS * BLUES) * 255 / (REDS - 1)).toByte()
                colors[1][i] = (i / BLUES % GREENS * 255 / (GREENS - 1)).toByte()
                colors[2][i] = (i % BLUES * 255 / (BLUES - 1)).toByte()
            }
            IndexColorModel(8, colors[0].size, colors[0], colors[1], colors[2])
        }

        /** Makes it of a large one: each pixel is the mean of a square. */
        fun of(bitmap: Bitmap): SmallPicture {
            val width = bitmap.width / SMALLER
            val height = bitmap.height / SMALLER
            val all = IntArray(bitmap.width * bitmap.height)
            bitmap.getPixels(all, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
            val pixels = ByteArray(width * height) { i ->
                val left = i % width * SMALLER
                val top = i / width * SMALLER
                fun mean(shift: Int): Double {
                    var sum = 0
                    for (y in top until top + SMALLER) {
                        for (x in left until left + SMALLER) sum += all[y * bitmap.width + x] shr shift and 0xFF
                    }
                    return sum / (255.0 * SMALLER * SMALLER)
                }
                fun level(shift: Int, levels: Int) = (mean(shift) * (levels - 1) + 0.5).toInt()
                ((level(16, REDS) * GREENS + level(8, GREENS)) * BLUES + level(0, BLUES)).toByte()
            }
            return SmallPicture(width, height, pixels)
        }
    }
}
