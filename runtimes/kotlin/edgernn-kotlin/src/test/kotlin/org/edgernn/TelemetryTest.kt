package org.edgernn

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** ONNX Runtime's telemetry is off before its environment is made, where that can be. */
class TelemetryTest {
    private val set = mutableMapOf<String, String>()
    private val said = mutableListOf<String>()

    private fun switchOff(vm: String, value: String?) {
        Telemetry.switchOff(vm, value, { name, new -> set[name] = new }, { said += it })
    }

    @Test
    fun `Android's own variables can be set`() {
        switchOff("Dalvik", null)
        assertEquals(mapOf("ORT_DISABLE_TELEMETRY" to "1"), set)
        assertEquals(emptyList<String>(), said)
    }

    @Test
    fun `what a person set stays`() {
        for (vm in listOf("Dalvik", "OpenJDK 64-Bit Server VM")) {
            for (value in listOf("0", "1", "")) switchOff(vm, value)
        }
        assertEquals(emptyMap<String, String>(), set)
        assertEquals(emptyList<String>(), said)
    }

    @Test
    fun `a desktop JVM is told once what to do`() {
        repeat(2) { switchOff("OpenJDK 64-Bit Server VM", null) }
        assertEquals(emptyMap<String, String>(), set)
        assertTrue(said.single().contains("ORT_DISABLE_TELEMETRY=1"))
    }

    @Test
    fun `these tests send nothing`() {
        assertEquals("1", System.getenv(Telemetry.VARIABLE))
    }
}
