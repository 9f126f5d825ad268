package org.edgernn.demo

import java.math.BigDecimal
import java.math.MathContext

/** One line of the page about the model. */
class Fact(val name: String, val value: String)

/** Lines under one heading. */
class FactSection(val title: String, val facts: List<Fact>)

/**
 * The card and the contract of a file as lines to read, whatever stands in them.
 *
 * @param none what a missing value is called; [yes] and [no] likewise.
 */
class FactWriter(private val none: String, private val yes: String, private val no: String) {
    /** Returns the contract's fields under their own names, which are those of docs/contract.md. */
    fun contract(fields: Map<String, Any?>): List<Fact> =
        fields.map { (name, value) -> Fact(name, line(value)) }

    /** Returns the card: its own values under [title], each object in it under its name. */
    fun card(card: Map<String, Any?>, title: String): List<FactSection> {
        val own = card.filterValues { it !is Map<*, *> }
        val sections = mutableListOf(FactSection(title, own.map { Fact(words(it.key), line(it.value)) }))
        for ((name, value) in card) {
            if (value is Map<*, *>) sections.add(FactSection(words(name), flat("", value)))
        }
        return sections.filter { it.facts.isNotEmpty() }.map {
            FactSection(it.title, it.facts.take(MOST_FACTS))
        }
    }

    private fun flat(prefix: String, map: Map<*, *>): List<Fact> = map.entries.flatMap { (key, value) ->
        val name = words("$prefix $key".trim())
        if (value is Map<*, *>) flat(name, value) else listOf(Fact(name, line(value)))
    }

    private fun line(value: Any?): String {
        val whole = when (value) {
            null -> none
            true -> yes
            false -> no
            is Double -> BigDecimal(value).round(MathContext(DIGITS)).stripTrailingZeros().toPlainString()
            is List<*> -> list(value)
            is Map<*, *> -> value.values.joinToString(" ") { line(it) }
            else -> visible(value.toString())
        }
        return if (whole.length <= LONGEST) whole else whole.take(LONGEST) + " …"
    }

    private fun list(values: List<*>): String {
        // Sentences stand one to a line, numbers and names beside each other.
        val lines = values.map { line(it) }
        return if (lines.isEmpty()) none else lines.joinToString(if (lines.any { it.length > SHORT }) "\n" else ", ")
    }

    private fun visible(text: String): String =
        if (text.isEmpty()) {
            none
        } else {
            text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        }

    private fun words(name: String) = name.replace('_', ' ')

    private companion object {
        const val DIGITS = 5
        const val SHORT = 24
        const val LONGEST = 600
        const val MOST_FACTS = 100
    }
}
