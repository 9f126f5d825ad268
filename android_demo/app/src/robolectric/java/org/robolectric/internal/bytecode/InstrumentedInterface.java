package org.robolectric.internal.bytecode;

/** What instrumented classes of Android implement, as the Kotlin compiler should see it: nothing to do. */
public interface InstrumentedInterface {}
