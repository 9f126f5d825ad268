import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "org.edgernn.android"
    compileSdk = libs.versions.compile.sdk.get().toInt()

    defaultConfig {
        minSdk = libs.versions.min.sdk.get().toInt()
        consumerProguardFiles("consumer-rules.pro")
    }

    // src/main is plain Kotlin, src/android the few classes that need Android.
    sourceSets.getByName("main").kotlin.srcDir("src/android/kotlin")
    // Small model files, which the demo's tests use, too; and a desktop's Unicode, of edgernn-jvm.
    sourceSets.getByName("test").kotlin.srcDirs("src/testModels/kotlin", "src/icu/kotlin")

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }
}

// The engine for Android's processors, by the package ziglang. Where this folder was copied without what
// the engine is compiled of, src/main/jniLibs has to be there already.
val source = file("../native/build.py")
if (source.exists()) {
    val engine by tasks.registering(Exec::class) {
        commandLine("python3", source.path, "--output", file("src/main/jniLibs").path)
    }
    tasks.named("preBuild") { dependsOn(engine) }
}

kotlin {
    explicitApi()
    compilerOptions {
        jvmTarget = JvmTarget.JVM_11
    }
}

dependencies {
    // An app brings the runtimes that it wants.
    compileOnly(libs.onnxruntime.android)
    compileOnly(libs.litert)
    compileOnly(libs.litert.api)

    testImplementation(libs.onnxruntime)
    testImplementation(libs.litert)
    testImplementation(libs.litert.api)
    testImplementation(libs.icu4j)
    testImplementation(libs.junit)
}
