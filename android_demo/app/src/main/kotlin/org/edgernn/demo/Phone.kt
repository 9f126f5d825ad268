package org.edgernn.demo

import android.app.ActivityManager
import android.content.Context
import android.os.Build
import java.io.File
import java.io.IOException
import org.edgernn.Classifier
import org.edgernn.Machine

/** Returns what a bench says of the machine it ran on. What cannot be read is left out. */
fun phone(context: Context, classifiers: List<Classifier>): Machine {
    val memory = ActivityManager.MemoryInfo()
    (context.getSystemService(Context.ACTIVITY_SERVICE) as ActivityManager).getMemoryInfo(memory)
    val versions = LinkedHashMap<String, String>()
    context.packageManager.getPackageInfo(context.packageName, 0).versionName?.let { versions["demo app"] = it }
    for (classifier in classifiers) classifier.runtimeVersion?.let { versions[classifier.runtime] = it }
    return Machine(
        name = phoneName(Build.MANUFACTURER, Build.MODEL),
        system = "Android ${Build.VERSION.RELEASE} (API ${Build.VERSION.SDK_INT}) ${Build.SUPPORTED_ABIS.first()}",
        cores = Runtime.getRuntime().availableProcessors(),
        memoryBytes = memory.totalMem.takeIf { it > 0 },
        flags = processorFlags(readOrNull("/proc/cpuinfo").orEmpty()),
        governor = readOrNull("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")?.trim()?.ifEmpty { null },
        versions = versions,
    )
}

/** Returns the name that people know a phone by: makers put their own into the model, or do not. */
fun phoneName(maker: String, model: String): String =
    if (model.startsWith(maker, ignoreCase = true)) model else "$maker $model".trim()

/** Returns the instruction sets that matter to a network, of the text of `/proc/cpuinfo`. */
fun processorFlags(cpuinfo: String): List<String> {
    val line = cpuinfo.lineSequence().firstOrNull { it.startsWith("Features") || it.startsWith("flags") }
    val flags = line?.substringAfter(':').orEmpty().trim().split(' ')
    return flags.filter { it in FLAGS }
}

private val FLAGS = setOf(
    "asimd", "asimddp", "asimdhp", "bf16", "fphp", "i8mm", "neon", "sve", "sve2",
    "avx", "avx2", "avx512f", "avx512_vnni", "avx_vnni", "f16c", "fma", "sse4_1", "sse4_2",
)

/** Some makers hide these files from apps. */
private fun readOrNull(path: String): String? =
    try {
        File(path).readText()
    } catch (problem: IOException) {
        null
    }
