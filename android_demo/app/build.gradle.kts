import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "org.edgernn.demo"
    compileSdk = libs.versions.compile.sdk.get().toInt()

    defaultConfig {
        applicationId = "org.edgernn.demo"
        minSdk = libs.versions.min.sdk.get().toInt()
        targetSdk = libs.versions.target.sdk.get().toInt()
        versionCode = 1
        versionName = "0.1.0"
        ndk {
            abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64")
        }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }

    // Small model files of the library's own tests.
    sourceSets.getByName("test").kotlin.srcDir("../../runtimes/kotlin/edgernn-kotlin/src/testModels/kotlin")

    // src/robolectric is for the Maven build; here the real classes come with Robolectric.
    testOptions {
        unitTests {
            isIncludeAndroidResources = true
            // Robolectric closes files through the JDK's own fields.
            all { it.jvmArgs("--add-opens=java.base/java.io=ALL-UNNAMED") }
        }
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_11
    }
}

dependencies {
    implementation(project(":edgernn-kotlin"))
    // The library brings edgernn's engine. Another runtime is an option, see DemoApplication.open.
    // implementation(libs.onnxruntime.android)
    // implementation(libs.litert)

    testImplementation(libs.onnxruntime) // the libraries of a desktop
    testImplementation(libs.junit)
    testImplementation(libs.robolectric)
}
