package ucum

// substances are common analytes: name; empirical formula; g/mol; charge of an ion,
// or haem, or enzyme; LOINC codes in serum, plasma, blood or urine that measure it.
//
// The mass is that of the formula with IUPAC's abridged standard atomic weights of
// 2021, of iodine with one more figure. Conventions of laboratories: triglycerides count as triolein, phosphate as
// phosphorus and urea nitrogen as two nitrogens, so that mg/dL mean what is reported; lactate
// counts as lactic acid; haemoglobin as its monomer. A ratio to creatinine has the
// code of the ratio and the mass of creatinine.
const substances = `
glucose; C6H12O6; 180.156; -; 2345-7 14749-6 2339-0 15074-8 1558-6 14771-0 41653-7 14743-9 2340-8 1557-8 2350-7 2342-4
cholesterol; C27H46O; 386.664; -; 2093-3 14647-2
HDL cholesterol; C27H46O; 386.664; -; 2085-9 14646-4
LDL cholesterol; C27H46O; 386.664; -; 2089-1 13457-7 18262-6 22748-8 39469-2 69419-0
VLDL cholesterol; C27H46O; 386.664; -; 2091-7 13458-5
non-HDL cholesterol; C27H46O; 386.664; -; 43396-1 70204-3
triglycerides; C57H104O6; 885.453; -; 2571-8 14927-8 3043-7
creatinine; C4H7N3O; 113.120; -; 2160-0 14682-9 38483-4 59826-8 2161-8 14683-7
albumin/creatinine; C4H7N3O; 113.120; -; 9318-7 14959-1 32294-1
protein/creatinine; C4H7N3O; 113.120; -; 2890-2 13801-6
urea; CH4N2O; 60.056; -; 3091-6 22664-7
urea nitrogen; N2; 28.014; -; 3094-0 6299-2 14937-7
urate; C5H4N4O3; 168.112; -; 3084-1 14933-6
bilirubin; C33H36N4O6; 584.673; -; 1975-2 14631-6 42719-5
direct bilirubin; C33H36N4O6; 584.673; -; 1968-7 14629-0
indirect bilirubin; C33H36N4O6; 584.673; -; 1971-1 14630-8
calcium; Ca; 40.078; 2; 17861-6 2000-8
ionised calcium; Ca; 40.078; 2; 1995-0 1994-3
magnesium; Mg; 24.305; 2; 19123-9 2601-3
sodium; Na; 22.990; 1; 2951-2 2947-0
potassium; K; 39.098; 1; 2823-3 6298-4
chloride; Cl; 35.45; 1; 2075-0 2069-3
bicarbonate; CHO3; 61.016; 1; 1963-8 1959-6
lithium; Li; 6.94; 1; 14334-7 3719-2
phosphate; P; 30.974; -; 2777-1 14879-1
iron; Fe; 55.845; -; 2498-4 14798-3
iron binding capacity; Fe; 55.845; -; 2500-7 14800-7
copper; Cu; 63.546; -; 5631-7 14665-4
zinc; Zn; 65.38; -; 5763-8
lactate; C3H6O3; 90.078; -; 2524-7 14118-4 32693-4 2518-9 59032-3
ammonia; H3N; 17.031; -; 16362-6 22763-7
homocysteine; C4H9NO2S; 135.181; -; 13965-9 2428-1
cortisol; C21H30O5; 362.466; -; 2143-6 14675-3
free thyroxine; C15H11I4NO4; 776.872; -; 3024-7 14920-3
thyroxine; C15H11I4NO4; 776.872; -; 3026-2 14921-1
free triiodothyronine; C15H12I3NO4; 650.976; -; 3051-0 14928-6
triiodothyronine; C15H12I3NO4; 650.976; -; 3053-6 14930-2
testosterone; C19H28O2; 288.431; -; 2986-8 14913-8
estradiol; C18H24O2; 272.388; -; 2243-4 14715-7
progesterone; C21H30O2; 314.469; -; 2839-9 14890-8
25-hydroxyvitamin D3; C27H44O2; 400.647; -; 1989-3 14635-7
cobalamin; C63H88CoN14O14P; 1355.388; -; 2132-9 14685-2
folate; C19H19N7O6; 441.404; -; 2284-8 14732-2
digoxin; C41H64O14; 780.949; -; 10535-3 14698-5
haemoglobin; -; 16114.5; haem; 718-7 59260-0
alanine aminotransferase; -; -; enzyme; 1742-6 1743-4 1744-2
aspartate aminotransferase; -; -; enzyme; 1920-8 30239-8
gamma glutamyl transferase; -; -; enzyme; 2324-2
alkaline phosphatase; -; -; enzyme; 6768-6
lactate dehydrogenase; -; -; enzyme; 2532-0 14804-9
creatine kinase; -; -; enzyme; 2157-6
lipase; -; -; enzyme; 3040-3
amylase; -; -; enzyme; 1798-8
cholinesterase; -; -; enzyme; 2098-2
`
