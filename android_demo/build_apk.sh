#!/usr/bin/env bash
# Builds an installable APK without Gradle and without an Android SDK: Maven compiles, ProGuard shrinks,
# dx makes the dex file, aapt the resources, tools/pack_apk.py aligns, apksigner signs.
set -euo pipefail
demo="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
library="$(dirname "$demo")/runtimes/kotlin/edgernn-kotlin"

runtime=engine
abi=arm64-v8a,x86_64
output=""
release=no
keystore=""
alias=""
version_code=1
version_name=0.1.0
models=()
archives=()
compile=yes
page_size=""
# Programs that run for seconds gain nothing from the JVM's second compiler.
jvm=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC)
export MAVEN_OPTS="${MAVEN_OPTS-${jvm[*]}}"
# The Kotlin compiler runs inside Maven: its daemon would stay behind.
maven=(mvn -q -B -Dstyle.color=never -Dkotlin.compiler.daemon=false)

usage() {
  cat <<'END'
usage: build_apk.sh [options]
  --runtime NAME    engine (default): edgernn's own, for both formats, compiled here by the Python
                    package ziglang; or onnx, tflite or both
  --abi LIST        default arm64-v8a,x86_64
  --model FILE      model that edgernn exported; twice for both formats. Default: the one in
                    app/src/main/assets, else the pretrained one (TFLite: `edgernn export` makes it)
  --aar FILE        take a runtime from this Android archive in place of Maven's; repeatable:
                    *onnxruntime*.aar for ONNX Runtime, any others for TensorFlow Lite, such as
                    the two of its successor LiteRT, which Maven Central does not have
  --page-size N     fail if a native library is not linked for pages of N bytes, such as 16384;
                    those of TensorFlow Lite 2.16 are for 4096. Default: 16384 with --release
  --release         for people: not debuggable, signed with a key of your own
  --keystore FILE   of --release: a Java or PKCS #12 keystore with your key. Its password is taken from
                    EDGERNN_KEYSTORE_PASSWORD or asked for, that of a key that has another one from
                    EDGERNN_KEY_PASSWORD; no option takes one, since every process sees options
  --key-alias NAME  of --release: which key, where the keystore has several
  --version-code N  a number that grows with each release; default 1
  --version-name S  what people see; default 0.1.0
  --output FILE     default target/edgernn-demo-debug.apk, or edgernn-demo-release.apk
  --no-compile      take the classes that the last `mvn package` left
  --offline         let Maven download nothing
END
}

fail() {
  echo "build_apk.sh: $*" >&2
  exit 1
}

misused() {
  echo "build_apk.sh: $*" >&2
  usage >&2
  exit 2
}

while (($#)); do
  case "$1" in
    --runtime | --abi | --model | --aar | --page-size | --output | --keystore | --key-alias | --version-*)
      (($# > 1)) || misused "$1 needs a value"
      ;;&
    --runtime) runtime="$2"; shift ;;
    --abi) abi="$2"; shift ;;
    --model) models+=("$(realpath -- "$2")"); shift ;;
    --aar) archives+=("$(realpath -- "$2")"); shift ;;
    --page-size) page_size="$2"; shift ;;
    --output) output="$(realpath -m -- "$2")"; shift ;;
    --release) release=yes ;;
    --keystore) keystore="$(realpath -m -- "$2")"; shift ;;
    --key-alias) alias="$2"; shift ;;
    --version-code) version_code="$2"; shift ;;
    --version-name) version_name="$2"; shift ;;
    --no-compile) compile=no ;;
    --offline) maven+=(-o) ;;
    -h | --help) usage; exit ;;
    *) misused "unknown option $1" ;;
  esac
  shift
done
case "$runtime" in
  engine) runtimes=() ;;
  onnx | tflite) runtimes=("$runtime") ;;
  both) runtimes=(onnx tflite) ;;
  *) misused "--runtime $runtime is none of engine, onnx, tflite, both" ;;
esac
# Android's largest is 2100000000.
[[ $version_code =~ ^[1-9][0-9]{0,9}$ ]] && ((version_code <= 2100000000)) ||
  misused "--version-code $version_code is no number from 1 to 2100000000"
if [[ $release == yes ]]; then
  [[ -n $keystore ]] || misused "--release needs --keystore FILE, which keytool -genkeypair makes"
  [[ -f $keystore ]] || misused "--keystore $keystore: no such file"
  kind=release
  # What Google Play asks for.
  page_size="${page_size:-16384}"
else
  [[ -z $keystore$alias ]] || misused "--keystore and --key-alias are for --release"
  kind=debug
fi
output="${output:-$demo/target/edgernn-demo-$kind.apk}"

missing=()
for tool in javac mvn aapt zipalign apksigner keytool python3 unzip; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
framework=/usr/share/android-framework-res/framework-res.apk
[[ -f $framework ]] || missing+=("$framework")
((${#missing[@]} == 0)) || fail "not here: ${missing[*]}. On Debian: apt-get install" \
  "openjdk-17-jdk-headless maven aapt android-framework-res zipalign apksigner python3 unzip"

# A password that is wrong is found now, not after a minute of compiling.
if [[ $release == yes ]]; then
  if [[ -z ${EDGERNN_KEYSTORE_PASSWORD+set} ]]; then
    [[ -t 0 ]] || fail "set EDGERNN_KEYSTORE_PASSWORD to the password of $keystore: there is nobody to ask"
    read -r -s -p "Password of $keystore: " EDGERNN_KEYSTORE_PASSWORD
    echo >&2
  fi
  export EDGERNN_KEYSTORE_PASSWORD
  listing="$(keytool -J-Duser.language=en -list -v -keystore "$keystore" \
    -storepass:env EDGERNN_KEYSTORE_PASSWORD ${alias:+-alias "$alias"} 2>&1)" ||
    fail "$keystore cannot be used: $(grep -m 1 -i error <<<"$listing" || tail -n 1 <<<"$listing")"
  keys="$(grep -c '^Entry type: PrivateKeyEntry' <<<"$listing" || true)"
  [[ $keys == 1 ]] || fail "$keystore has $keys keys: name the one to sign with by --key-alias"
  ! grep -q '^Owner: .*CN=Android Debug' <<<"$listing" ||
    fail "$keystore has the debug key, which no store takes: make a key of your own with keytool -genkeypair"
fi

work="$demo/target/apk"
rm -rf "$work"
mkdir -p "$work" "$(dirname "$output")"

step() { echo "build_apk.sh: $*" >&2; }

# Classes of library and app, and the app's manifest with its package name.
if [[ $compile == yes ]]; then
  step "compiling"
  # Maven leaves the classes of sources that have gone or changed, which ProGuard then stumbles over.
  rm -rf "$demo/app/target/classes" "$library/target/classes"
  "${maven[@]}" -f "$demo/pom.xml" -Dmaven.test.skip=true package >&2
fi
manifest="$demo/app/target/AndroidManifest.xml"
for made in "$manifest" "$demo/app/target/classes" "$library/target/classes"; do
  [[ -e $made ]] || fail "$made is not there: build without --no-compile"
done

# ProGuard, dx, Kotlin's library and Android's classes; and the runtimes.
step "fetching tools and runtimes"
"${maven[@]}" -f "$demo/tools/pom.xml" dependency:build-classpath \
  -Dmdep.outputFile="$work/classpath" -Dmdep.pathSeparator=: >&2
mapfile -d : -t jars <"$work/classpath"
android="" kotlin="" tools=""
for jar in "${jars[@]}"; do
  case "$(basename "$jar")" in
    android-all-*) android="$jar" ;;
    kotlin-stdlib-*) kotlin="$jar" ;;&
    *) tools+="${tools:+:}$jar" ;;
  esac
done

wanted=()
for one in "${runtimes[@]}"; do
  given=()
  for archive in "${archives[@]}"; do
    case "$one:$(basename "$archive")" in
      onnx:*onnxruntime*) given+=("$archive") ;;
      onnx:* | tflite:*onnxruntime*) ;;
      tflite:*) given+=("$archive") ;;
    esac
  done
  if ((${#given[@]} == 0)); then
    "${maven[@]}" -f "$demo/tools/pom.xml" "dependency:copy@$one" \
      -DoutputDirectory="$work/archives/$one" >"$work/$one.log" 2>&1 || {
      grep -m 1 ERROR "$work/$one.log" >&2 || cat "$work/$one.log" >&2
      fail "Maven does not give the Android archive of the runtime $one; name one with --aar"
    }
    given=("$work/archives/$one"/*.aar)
  fi
  wanted+=("${given[@]}")
done

# edgernn's own engine runs both formats: without options, those that the app has.
formats=("${runtimes[@]}")
if [[ $runtime == engine ]]; then
  for one in onnx tflite; do
    [[ ! -f $demo/app/src/main/assets/model.$one ]] || formats+=("$one")
  done
  ((${#formats[@]} > 0)) || formats=(onnx)
  step "compiling the engine"
  python3 "$library/../native/build.py" --for "$abi" --output "$demo/target/native" >&2
fi

# Classes of ONNX Runtime that are compiled for a newer Java than ProGuard can shrink for API level 24:
# those of the desktop's jar of the same version are the same API for Java 8, without its telemetry.
java8=52
desktop=""
for archive in "${wanted[@]}"; do
  [[ $(basename "$archive") == *onnxruntime* ]] || continue
  one=ai/onnxruntime/OrtEnvironment.class
  unzip -q -o "$archive" classes.jar -d "$work/look"
  unzip -q -o "$work/look/classes.jar" "$one" -d "$work/look"
  # The eighth byte of a class file: for which Java it is.
  major="$(od -An -j7 -N1 -tu1 "$work/look/$one" | tr -d ' ')"
  if ((major > java8)); then
    step "taking the desktop's classes of ONNX Runtime: the archive's are for a newer Java"
    "${maven[@]}" -f "$demo/tools/pom.xml" dependency:copy@onnx-classes \
      -DoutputDirectory="$work/desktop" >&2
    desktop="$(echo "$work/desktop"/*.jar)"
  fi
done

# The models, one a format.
if ((${#models[@]} == 0)); then
  for one in "${formats[@]}"; do
    own="$demo/app/src/main/assets/model.$one"
    if [[ -f $own ]]; then
      models+=("$own")
    elif [[ $one == onnx ]]; then
      models+=("$demo/../edgernn/models/flagship/model.onnx")
    else
      command -v edgernn >/dev/null || fail "no model.tflite: name one with --model, or install" \
        "edgernn[export], which makes it"
      edgernn export --format tflite --output "$work/model.tflite"
      models+=("$work/model.tflite")
    fi
  done
fi
[[ $runtime == engine ]] || ((${#models[@]} == ${#runtimes[@]})) || fail "${#models[@]} models for ${#runtimes[@]} runtimes"

# Resources. Libraries are mapped where they lie in the APK, as with Gradle's plugin. aapt also says
# which classes the manifest names, for ProGuard to keep.
step "compiling resources"
sed 's/<application/<application android:extractNativeLibs="false"/' "$manifest" \
  >"$work/AndroidManifest.xml"
mkdir "$work/r"
debuggable=()
[[ $release == yes ]] || debuggable=(--debug-mode)
aapt package -f "${debuggable[@]}" --min-sdk-version 24 --target-sdk-version 36 \
  --version-code "$version_code" --version-name "$version_name" -M "$work/AndroidManifest.xml" \
  -S "$demo/app/src/main/res" -I "$framework" -J "$work/r" -F "$work/resources.apk" \
  -G "$work/manifest.pro"
diff -r "$work/r" "$demo/app/target/generated-sources/r" >&2 ||
  fail "resources have changed since the app was compiled: build without --no-compile"

# Shrinking, which also turns lambdas into classes.
step "shrinking"
{
  echo "-injars '$library/target/classes'(**.class)"
  echo "-injars '$demo/app/target/classes'(**.class)"
  index=0
  for archive in "${wanted[@]}"; do
    index=$((index + 1))
    unzip -q -o "$archive" classes.jar 'proguard.txt' -d "$work/aar$index" 2>/dev/null ||
      [[ -f $work/aar$index/classes.jar ]] || fail "$archive: no classes.jar in it"
    # That class calls MethodHandle.invokeExact, for which there is no code before API level 26. Only
    # float16 tensors need it; the contract's graphs take int32 and give float32.
    classes="$work/aar$index/classes.jar"
    [[ -z $desktop || $(basename "$archive") != *onnxruntime* ]] || classes="$desktop"
    echo "-injars '$classes'(!ai/onnxruntime/platform/Fp16Conversions.class,**.class)"
    [[ ! -f $work/aar$index/proguard.txt ]] || echo "-include '$work/aar$index/proguard.txt'"
  done
  echo "-injars '$kotlin'(!META-INF/**,!module-info.class,**.class)"
  echo "-libraryjars '$android'(android/**.class,org/json/**.class)"
  home="$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")"
  for module in java.base java.logging; do
    echo "-libraryjars '$home/jmods/$module.jmod'(!**.jar;!module-info.class)"
  done
  echo "-outjars '$work/classes.jar'"
  for rules in "$library/consumer-rules.pro" "$demo/tools/apk.pro" \
    "$work/manifest.pro"; do
    echo "-include '$rules'"
  done
} >"$work/rules.pro"
java "${jvm[@]}" -cp "$tools" proguard.ProGuard "@$work/rules.pro" >&2

step "dexing"
java "${jvm[@]}" -cp "$tools" com.android.dx.command.Main --dex --min-sdk-version=24 \
  --output="$work/classes.dex" "$work/classes.jar"

step "packaging"
packing=(--zipalign zipalign)
for model in "${models[@]}"; do packing+=(--model "$model"); done
for archive in "${wanted[@]}"; do packing+=(--aar "$archive"); done
[[ $runtime != engine ]] || packing+=(--libraries "$demo/target/native")
python3 "$demo/tools/pack_apk.py" --resources "$work/resources.apk" --dex "$work/classes.dex" \
  --abi "$abi" --output "$work/unsigned.apk" "${packing[@]}"
zipalign -c -p 4 "$work/unsigned.apk" >"$work/zipalign.log" || {
  cat "$work/zipalign.log" >&2
  fail "zipalign finds entries that are not aligned"
}

step "signing"
if [[ $release == yes ]]; then
  key=(--ks "$keystore" --ks-pass env:EDGERNN_KEYSTORE_PASSWORD)
  [[ -z $alias ]] || key+=(--ks-key-alias "$alias")
  [[ -z ${EDGERNN_KEY_PASSWORD+set} ]] || key+=(--key-pass env:EDGERNN_KEY_PASSWORD)
else
  # Android Studio's key where there is one, so that either build updates the other's.
  own="$HOME/.android/debug.keystore"
  if [[ ! -f $own ]]; then
    own="$demo/target/debug.keystore"
    [[ -f $own ]] || keytool -genkeypair -keystore "$own" -storepass android -keypass android \
      -alias androiddebugkey -dname "CN=Android Debug" -keyalg RSA -keysize 2048 -validity 10000 \
      >"$work/keytool.log" 2>&1 || { cat "$work/keytool.log" >&2; fail "keytool made no key"; }
  fi
  key=(--ks "$own" --ks-pass pass:android --ks-key-alias androiddebugkey)
fi
signer=(apksigner "${jvm[@]/#-/-J}")
"${signer[@]}" sign "${key[@]}" \
  --v1-signing-enabled false --v2-signing-enabled true --v3-signing-enabled true \
  --out "$work/signed.apk" "$work/unsigned.apk"
"${signer[@]}" verify "$work/signed.apk"
zipalign -c -p 4 "$work/signed.apk" >"$work/zipalign.log" || fail "signing moved the entries"
python3 "$demo/tools/check_apk.py" "$work/signed.apk" --page-size "${page_size:-0}"
mv "$work/signed.apk" "$output"
echo "$output"
