package org.edgernn

import java.util.concurrent.atomic.AtomicBoolean
import java.util.logging.Logger

/**
 * Keeps ONNX Runtime from sending telemetry, which it does by itself since 1.29.
 *
 * It reads the variable once, when its environment is made. An Android app can set it before; a desktop JVM
 * cannot set its own variables, so whoever starts it has to.
 */
internal object Telemetry {
    const val VARIABLE = "ORT_DISABLE_TELEMETRY"

    private const val ANDROID_VM = "Dalvik"
    private val warned = AtomicBoolean()

    /** Sets the variable unless it has a value, or logs once why it stays on. */
    fun switchOff(
        vm: String? = System.getProperty("java.vm.name"),
        value: String? = System.getenv(VARIABLE),
        set: (String, String) -> Unit = ::setForAndroid,
        warn: (String) -> Unit = { Logger.getLogger("org.edgernn").warning(it) },
    ) {
        if (value != null) return
        if (vm == ANDROID_VM) {
            set(VARIABLE, "1")
        } else if (warned.compareAndSet(false, true)) {
            warn("ONNX Runtime may send telemetry: start this JVM with $VARIABLE=1 in its environment")
        }
    }

    /** `android.system.Os.setenv`, by its name: the library is plain Kotlin. */
    private fun setForAndroid(name: String, value: String) {
        val text = String::class.java
        Class.forName("android.system.Os")
            .getMethod("setenv", text, text, Boolean::class.javaPrimitiveType)
            .invoke(null, name, value, false)
    }
}
