pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "edgernn-demo"
include(":app", ":edgernn-kotlin")
project(":edgernn-kotlin").projectDir = file("../runtimes/kotlin/edgernn-kotlin")
