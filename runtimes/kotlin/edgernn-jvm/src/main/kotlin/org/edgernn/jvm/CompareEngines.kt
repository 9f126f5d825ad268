package org.edgernn.jvm

import java.io.File
import kotlin.system.exitProcess
import org.edgernn.Benchmark
import org.edgernn.IcuUnicode
import org.edgernn.Machine
import org.edgernn.ModelException
import org.edgernn.ModelFile
import org.edgernn.NativeClassifier
import org.edgernn.OnnxClassifier

/**
 * Times edgernn's engine and ONNX Runtime side by side on an .onnx file, one thread each, and prints what
 * `edgernn bench --json` prints of a computer.
 */
public fun main(arguments: Array<String>) {
    if (arguments.size != 1) {
        System.err.println("usage: java -cp edgernn-jvm-0.1.0.jar org.edgernn.jvm.CompareEnginesKt MODEL.onnx")
        exitProcess(2)
    }
    val model = File(arguments[0])
    val machine =
        Machine(
            name = "${System.getProperty("os.arch")}, ${System.getProperty("java.vm.name")}",
            system = "${System.getProperty("os.name")} ${System.getProperty("os.version")}",
            cores = Runtime.getRuntime().availableProcessors(),
            versions = mapOf("java" to System.getProperty("java.version")),
        )
    try {
        val file = model.inputStream().use { ModelFile.read(it, model.name, IcuUnicode) }
        val classifiers = listOf(NativeClassifier(file), OnnxClassifier(file))
        print(
            Benchmark(classifiers, machine).run {
                System.err.println(it)
                true
            },
        )
        classifiers.forEach { it.close() }
    } catch (error: ModelException) {
        System.err.println("error: ${error.message}")
        exitProcess(1)
    }
}
