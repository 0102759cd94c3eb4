package ucum

// atoms are the units that symbols stand for: a code of UCUM, flags, and the value in
// another unit. The flags are B for a base unit, M for one that takes prefixes, A for
// an arbitrary unit, L for a logarithm or another function, - for none. A temperature
// scale has, as a fourth word, its zero in kelvin.
//
// Codes and definitions are those of the UCUM specification, version 2.2 (tables 2 to
// 24), which takes them from the SI brochure and NIST Special Publication 811. Units
// of surveyors, printers, brewers and weavers are left out: no clinical source has them.
const atoms = `
m BM; metre
s BM; second
g BM; gram
rad BM; radian
K BM; kelvin
C BM; coulomb
cd BM; candela
mol BM; mole
10* - 10 1; ten
10^ - 10 1; ten
[pi] - 3.14159265358979323846264338327950288420 1; pi
% - 1 10*-2; percent
[ppth] - 1 10*-3; parts per thousand
[ppm] - 1 10*-6; parts per million
[ppb] - 1 10*-9; parts per billion
[pptr] - 1 10*-12; parts per trillion
sr M 1 rad2; steradian
Hz M 1 s-1; hertz
N M 1 kg.m/s2; newton
Pa M 1 N/m2; pascal
J M 1 N.m; joule
W M 1 J/s; watt
A M 1 C/s; ampere
V M 1 J/C; volt
F M 1 C/V; farad
Ohm M 1 V/A; ohm
S M 1 A/V; siemens
mho M 1 S; mho
Wb M 1 V.s; weber
T M 1 Wb/m2; tesla
H M 1 Wb/A; henry
lm M 1 cd.sr; lumen
lx M 1 lm/m2; lux
Bq M 1 s-1; becquerel
Gy M 1 J/kg; gray
Sv M 1 J/kg; sievert
Cel M 1 K 273.15; degree Celsius
[degF] - 5/9 K 45967/180; degree Fahrenheit
[degR] - 5/9 K; degree Rankine
[degRe] - 5/4 K 273.15; degree Réaumur
gon - 0.9 deg; gon
deg - 2 [pi].rad/360; degree
' - 1 deg/60; minute of arc
'' - 1 deg/3600; second of arc
circ - 2 [pi].rad; circle
sph - 4 [pi].sr; sphere
l M 1 dm3; litre
L M 1 dm3; litre
ar M 100 m2; are
st M 1 m3; stere
min - 60 s; minute
h - 3600 s; hour
d - 86400 s; day
wk - 7 d; week
mo - 1 a_j/12; month
mo_j - 1 a_j/12; mean Julian month
mo_g - 1 a_g/12; mean Gregorian month
mo_s - 29.53059 d; synodal month
a - 1 a_j; year
a_j - 365.25 d; mean Julian year
a_g - 365.2425 d; mean Gregorian year
a_t - 365.24219 d; tropical year
t M 1000 kg; tonne
u M 1.66053906660e-24 g; unified atomic mass unit
eV M 1.602176634e-19 J; electronvolt
Ao - 0.1 nm; angstrom
b - 100 fm2; barn
bar M 100000 Pa; bar
atm - 101325 Pa; standard atmosphere
att - 98066.5 Pa; technical atmosphere
m[H2O] M 9.80665 kPa; metre of water
m[Hg] M 133.322 kPa; metre of mercury
[in_i'H2O] - 1 m[H2O].[in_i]/m; inch of water
[in_i'Hg] - 1 m[Hg].[in_i]/m; inch of mercury
[psi] - 1 [lbf_av]/[in_i]2; pound per square inch
[c] M 299792458 m/s; velocity of light
[h] M 6.62607015e-34 J.s; Planck constant
[k] M 1.380649e-23 J/K; Boltzmann constant
[e] M 1.602176634e-19 C; elementary charge
[g] M 9.80665 m/s2; standard acceleration of free fall
gf M 1 g.[g]; gram-force
[lbf_av] - 1 [lb_av].[g]; pound-force
dyn M 1 g.cm/s2; dyne
erg M 1 dyn.cm; erg
P M 1 dyn.s/cm2; poise
St M 1 cm2/s; stokes
Gal M 1 cm/s2; gal
Ky M 1 cm-1; kayser
Bi M 10 A; biot
Mx M 1e-8 Wb; maxwell
G M 1e-4 T; gauss
Oe M 250 A/m/[pi]; oersted
sb M 1 cd/cm2; stilb
ph M 1e-4 lx; phot
Ci M 3.7e10 Bq; curie
R M 2.58e-4 C/kg; roentgen
RAD M 100 erg/g; rad of absorbed dose
REM M 1 RAD; rem
cal M 4.184 J; calorie
cal_th M 4.184 J; thermochemical calorie
cal_IT M 4.1868 J; international table calorie
cal_m M 4.19002 J; mean calorie
cal_[15] M 4.1858 J; calorie at 15 degrees Celsius
cal_[20] M 4.1819 J; calorie at 20 degrees Celsius
[Cal] - 1 kcal_th; nutrition label Calorie
[Btu] - 1.05435 kJ; British thermal unit
[HP] - 550 [ft_i].[lbf_av]/s; horsepower
[in_i] - 2.54 cm; inch
[ft_i] - 30.48 cm; foot
[yd_i] - 91.44 cm; yard
[mi_i] - 1609.344 m; mile
[nmi_i] - 1852 m; nautical mile
[kn_i] - 1 [nmi_i]/h; knot
[mil_i] - 1e-3 [in_i]; mil
[hd_i] - 4 [in_i]; hand
[sin_i] - 1 [in_i]2; square inch
[sft_i] - 1 [ft_i]2; square foot
[syd_i] - 1 [yd_i]2; square yard
[cin_i] - 1 [in_i]3; cubic inch
[cft_i] - 1 [ft_i]3; cubic foot
[cyd_i] - 1 [yd_i]3; cubic yard
[in_us] - 100/3937 m; inch of the US survey
[ft_us] - 1200/3937 m; foot of the US survey
[gal_us] - 231 [in_i]3; US gallon
[qt_us] - 1 [gal_us]/4; US quart
[pt_us] - 1 [gal_us]/8; US pint
[cup_us] - 1 [gal_us]/16; US cup
[gil_us] - 1 [gal_us]/32; US gill
[foz_us] - 1 [gal_us]/128; US fluid ounce
[tbs_us] - 1 [foz_us]/2; US tablespoon
[tsp_us] - 1 [foz_us]/6; US teaspoon
[fdr_us] - 1 [foz_us]/8; US fluid dram
[min_us] - 1 [foz_us]/480; US minim
[foz_m] - 30 mL; metric fluid ounce
[cup_m] - 240 mL; metric cup
[tbs_m] - 15 mL; metric tablespoon
[tsp_m] - 5 mL; metric teaspoon
[gal_br] - 4.54609 L; British gallon
[qt_br] - 1 [gal_br]/4; British quart
[pt_br] - 1 [gal_br]/8; British pint
[foz_br] - 1 [gal_br]/160; British fluid ounce
[gr] - 64.79891 mg; grain
[lb_av] - 453.59237 g; pound
[oz_av] - 1 [lb_av]/16; ounce
[dr_av] - 1 [lb_av]/256; dram
[stone_av] - 14 [lb_av]; stone
[scwt_av] - 100 [lb_av]; short hundredweight
[lcwt_av] - 112 [lb_av]; long hundredweight
[ston_av] - 2000 [lb_av]; short ton
[lton_av] - 2240 [lb_av]; long ton
[pwt_tr] - 24 [gr]; pennyweight
[oz_tr] - 480 [gr]; troy ounce
[lb_tr] - 5760 [gr]; troy pound
[sc_ap] - 20 [gr]; scruple
[dr_ap] - 60 [gr]; apothecaries' dram
[oz_ap] - 480 [gr]; apothecaries' ounce
[lb_ap] - 5760 [gr]; apothecaries' pound
[oz_m] - 28 g; metric ounce
[car_m] - 0.2 g; metric carat
[PRU] - 1 mm[Hg].s/mL; unit of peripheral vascular resistance
[wood'U] - 1 mm[Hg].min/L; Wood unit
[diop] - 1 m-1; dioptre
[mesh_i] - 1 /[in_i]; mesh
[Ch] - 1 mm/3; Charrière
[drp] - 1 mL/20; drop
[MET] - 3.5 mL/min/kg; metabolic equivalent
[S] - 1e-13 s; svedberg
g% M 1 g/dL; gram percent
kat M 1 mol/s; katal
U M 1 umol/min; unit of enzyme activity
bit M 1 1; bit
By M 8 bit; byte
Bd M 1 s-1; baud
eq BM; equivalent
osm BM; osmole
[iU] AM; international unit
[IU] M 1 [iU]; international unit
[arb'U] A; arbitrary unit
[USP'U] A; USP unit
[GPL'U] A; GPL unit
[MPL'U] A; MPL unit
[APL'U] A; APL unit
[beth'U] A; Bethesda unit
[anti'Xa'U] A; anti factor Xa unit
[todd'U] A; Todd unit
[dye'U] A; Dye unit
[smgy'U] A; Somogyi unit
[bdsk'U] A; Bodansky unit
[ka'U] A; King-Armstrong unit
[knk'U] A; Kunkel unit
[mclg'U] A; Mac Lagan unit
[tb'U] A; tuberculin unit
[CCID_50] A; 50% cell culture infectious dose
[TCID_50] A; 50% tissue culture infectious dose
[EID_50] A; 50% embryo infectious dose
[PFU] A; plaque forming unit
[FFU] A; focus forming unit
[CFU] A; colony forming unit
[IR] A; index of reactivity
[BAU] A; bioequivalent allergen unit
[AU] A; allergen unit
[Amb'a'1'U] A; allergen unit for Ambrosia artemisiifolia
[PNU] A; protein nitrogen unit
[Lf] A; limit of flocculation
[D'ag'U] A; D-antigen unit
[FEU] A; fibrinogen equivalent unit
[ELU] A; ELISA unit
[EU] A; Ehrlich unit
[hp_X] A; homeopathic potency of the decimal series
[hp_C] A; homeopathic potency of the centesimal series
[hp_M] A; homeopathic potency of the millesimal series
[hp_Q] A; homeopathic potency of the quintamillesimal series
[HPF] A; high power field
[LPF] A; low power field
[hnsf'U] A; Hounsfield unit
[NTU] A; nephelometric turbidity unit
[FNU] A; formazin nephelometric unit
[pH] L; pH, which is logarithmic,
Np LM; neper, which is logarithmic,
B LM; bel, which is logarithmic,
B[SPL] LM; bel of sound pressure, which is logarithmic,
B[V] LM; bel volt, which is logarithmic,
B[mV] LM; bel millivolt, which is logarithmic,
B[uV] LM; bel microvolt, which is logarithmic,
B[10.nV] LM; bel of 10 nanovolt, which is logarithmic,
B[W] LM; bel watt, which is logarithmic,
B[kW] LM; bel kilowatt, which is logarithmic,
bit_s L; bit, which is logarithmic,
[p'diop] L; prism dioptre, which is a tangent,
%[slope] L; slope in percent, which is a tangent,
[m/s2/Hz^(1/2)] L; metre per square second per square root of hertz, which is a root,
`
